"""Patents, documents, rights and outcomes, on the real engine."""
