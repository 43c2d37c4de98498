"""The same tapes on the plain book and on the compiled one: every event equal, and every planted fault found."""
