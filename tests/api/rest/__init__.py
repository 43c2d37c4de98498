"""REST against the real application: a real node and tables, through ASGI, a few over a real socket."""
