"""The pages: an investor's market page at `/` and an institution's page at `/institution`.

templates/   what the server renders (Jinja): the frame of a page, in English or Chinese
web/         the scripts and the style sheet: Lit elements in plain ES modules, built by Vite into dist/
routes.py    puts both together, under a content security policy that runs nothing but the exchange's own scripts

The pages use the same REST and stream as every client: they can do nothing that a client could not.
"""
