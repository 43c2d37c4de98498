"""Fixed workloads with targets, behind one front door: `python -m benchmarks --list`."""
