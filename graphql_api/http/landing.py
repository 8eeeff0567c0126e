"""A plain page in place of the web client and GraphiQL, where they were not built."""

from __future__ import annotations

from aiohttp import web

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Partyfinder</title>
<style>
  :root { color-scheme: light dark; font: 18px/1.6 system-ui, sans-serif; }
  body { max-width: 38rem; margin: 12vh auto; padding: 0 1.2rem; }
  pre { overflow-x: auto; padding: 1rem; font-size: .85rem; border-radius: .5rem;
        border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
</style>
<main>
<h1>Partyfinder</h1>
<p>Find a city’s parties, post one, join or leave it. This is a GraphQL API on Apache Cassandra.</p>
<p>The web page and GraphiQL were not built here: that takes Node 20 or later, and
<code>make run</code>. Programs send <code>POST /graphql</code>, this for one:</p>
<pre tabindex="0"><code>{
  parties(city: "Lisbon", first: 5) {
    nodes { id name date people capacity }
  }
}</code></pre>
<p><a href="/readyz">/readyz</a> tells whether the server can serve.</p>
</main>
</html>
"""


async def landing(_request: web.Request) -> web.Response:
    """Show the page."""
    return web.Response(text=_PAGE, content_type="text/html")
