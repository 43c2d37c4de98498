"""Serves the pages: three server-rendered frames, and the scripts that Vite built.

The built files have their contents' hash in their names, so browsers keep them for good; the frames are asked for anew
each time. A frame holds nothing of anybody: who is logged in is known to the page's script alone, so no cookie is
needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.services import Services

HERE = Path(__file__).parent
DIST = HERE / "dist"
LANGUAGES = ("en", "zh")
"""In the order of the words' texts."""
PAGES = {"/": "market", "/lots": "lots", "/institution": "institution"}
"""Where each page is; its template and its script have its name."""

# Beside the policy that the edge puts on every answer: only Lit may make elements of text, and only from its templates.
TRUSTED_TYPES = {"content-security-policy": "require-trusted-types-for 'script'; trusted-types lit-html"}
FOR_GOOD = "public, max-age=31536000, immutable"
MANIFEST, WORDS = "manifest.json", "words.json"
UNBUILT = "The pages are not built yet. Run: make build\n"


@dataclass(frozen=True, slots=True)
class Built:
    """What Vite made: the words of the pages, and where each entry's files are."""

    words: dict[str, tuple[str, str]]
    manifest: dict[str, dict[str, Any]]

    def script(self, name: str) -> str:
        """The address of a page's script."""
        return f"/ui/{self.manifest[f'src/{name}.js']['file']}"

    def scripts_before(self, name: str, language: str) -> list[str]:
        """The addresses of what a page's script needs, so that a browser fetches all at once."""
        return [f"/ui/{self.manifest[key]['file']}" for key in (*self._imports(name), f"words:{language}")]

    def styles(self, name: str) -> list[str]:
        """The addresses of a page's style sheets."""
        chunks = [*self._imports(name), f"src/{name}.js"]
        found = [file for key in chunks for file in self.manifest[key].get("css", ())]
        return [f"/ui/{file}" for file in dict.fromkeys(found)]

    def _imports(self, name: str) -> list[str]:
        """The chunks below a page's script, deepest first."""
        found: dict[str, None] = {}
        waiting = list(self.manifest[f"src/{name}.js"].get("imports", ()))
        while waiting:
            key = waiting.pop()
            if key not in found:
                found[key] = None
                waiting.extend(self.manifest[key].get("imports", ()))
        return [*reversed(found)]


class Pages:
    """The frames of the pages, rendered once for each language and each building."""

    def __init__(self, dist: Path = DIST) -> None:
        self._dist = dist
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._rendered: dict[tuple[str, str], str] = {}
        self._built_at_ns = -1

    def response(self, request: Request, page: str) -> Response:
        """A page in the language that was asked for."""
        language = language_of(request.query_params.get("lang", ""), request.headers.get("accept-language", ""))
        built_at_ns = self._looked_at()
        if not built_at_ns:
            return Response(UNBUILT, 503, media_type="text/plain; charset=utf-8")
        if built_at_ns != self._built_at_ns:
            self._rendered.clear()
            self._built_at_ns = built_at_ns
        if (page, language) not in self._rendered:
            self._rendered[page, language] = self._render(page, language, read_built(self._dist))
        headers = {
            **TRUSTED_TYPES,
            "cache-control": "no-cache",
            "vary": "accept-language",
            "content-language": language,
        }
        return HTMLResponse(self._rendered[page, language], headers=headers)

    def _looked_at(self) -> int:
        """When the pages were built; 0: not yet. Whoever works on them builds again while the exchange runs."""
        try:
            return (self._dist / MANIFEST).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _render(self, page: str, language: str, built: Built) -> str:
        place = LANGUAGES.index(language)

        def word(key: str) -> str:
            return built.words[key][place]

        template = self._templates.get_template(f"{page}.html")
        return template.render(page=page, pages=PAGES, language=language, word=word, built=built)


class BuiltFiles(StaticFiles):
    """Vite's files, which browsers may keep for good: another content has another name."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """A file, with its lifetime."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = FOR_GOOD
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Only what has a hash in its name is served; the manifest and the words are the server's own."""
        if not path.startswith("assets/"):
            return Response(status_code=404)
        return await super().get_response(path, scope)


def read_built(dist: Path) -> Built:
    """What Vite made."""
    words = msgspec.json.decode((dist / WORDS).read_bytes(), type=dict[str, tuple[str, str]])
    manifest = msgspec.json.decode((dist / MANIFEST).read_bytes(), type=dict[str, dict[str, Any]])
    return Built(words, manifest)


def language_of(asked: str, accepted: str) -> str:
    """The language of a page: the one in its address, else the first of the browser's that we have, else English.

    >>> language_of("", "fr-FR,zh-CN;q=0.8,en;q=0.5"), language_of("en", "zh"), language_of("", "fr")
    ('zh', 'en', 'en')
    """
    weighed: list[tuple[float, str]] = []
    for part in accepted[:500].split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), name.lower()[:2]))
        except ValueError:
            continue
    wanted = [asked.lower()[:2], *(name for _, name in sorted(weighed, key=lambda one: one[0]))]
    return next((name for name in wanted if name in LANGUAGES), LANGUAGES[0])


def mount(app: FastAPI, services: Services, dist: Path = DIST) -> None:
    """Add the pages to the application. They need no service: their scripts ask over REST and the stream."""
    del services
    pages = Pages(dist)
    for path, page in PAGES.items():
        app.router.routes.append(Route(path, _endpoint(pages, page), methods=["GET"], name=f"page {page}"))
    app.router.routes.append(Mount("/ui", BuiltFiles(directory=dist, check_dir=False), name="built pages"))


def _endpoint(pages: Pages, page: str) -> Any:
    async def endpoint(request: Request) -> Response:
        return pages.response(request, page)

    return endpoint
