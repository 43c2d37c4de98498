"""The register: who holds what, as of when, and what outside registers say."""
