"""Raw records, most of them sensible and some of them not, at the compiled book: no crash, no hang, no broken promise.

The program is compiled with the sanitizers of the compiler (addresses, undefined behaviour), which end it at the first
report. `make test` plays a minute, `make soak` an hour.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.matching.differential.building import NATIVE, run

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-static-libasan", "-static-libubsan")
MINUTE, HOUR = 60, 3_600


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program."""
    program = tmp_path_factory.mktemp("fuzz") / "fuzz"
    source = Path(__file__).with_name("fuzz.cpp")
    run(
        [
            "g++",
            "-std=c++20",
            "-O1",
            "-g",
            "-DMATCHING_SMALL",
            *SANITIZERS,
            f"-I{NATIVE}",
            str(source),
            "-o",
            str(program),
        ]
    )
    return program


@pytest.mark.timeout(600)
def test_a_minute_of_raw_records_breaks_nothing(fuzzer: Path) -> None:
    assert int(run([str(fuzzer), "1", str(MINUTE)], seconds=2 * MINUTE + 60)) > 100


@pytest.mark.soak
def test_an_hour_of_raw_records_breaks_nothing(fuzzer: Path) -> None:
    assert int(run([str(fuzzer), "2", str(HOUR)], seconds=HOUR + 600)) > 10_000
