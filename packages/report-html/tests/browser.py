"""A real browser, headless, that says what it makes of a page."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass

NAMES = ("chromium", "chromium-browser", "google-chrome")
_TIMEOUT = 60
_WRAPPER = """<!doctype html><meta charset="utf-8"><pre id="told"></pre>{frames}<script>
onload = () => {{
  document.getElementById("told").textContent = JSON.stringify([...document.querySelectorAll("iframe")].map(frame => {{
    const page = frame.contentDocument, root = page.documentElement;
    const out = [...page.querySelectorAll("svg text")].filter(text => {{
      const box = text.getBoundingClientRect(), chart = text.ownerSVGElement.getBoundingClientRect();
      return box.width && (box.left < chart.left - 8 || box.right > chart.right + 8);
    }}).map(text => text.textContent);
    return {{width: root.clientWidth, needed: root.scrollWidth, height: root.scrollHeight, out: out}};
  }}));
}};
</script>"""
_FRAME = '<iframe width="{width}" height="900" srcdoc="{page}"></iframe>'


def program():
    """Return the path of a browser, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass(frozen=True)
class Seen:
    """What a browser made of a page: errors on its console, and its layout at each width."""

    console: list[str]
    layouts: list[dict[str, object]]


def look(text, folder, widths=(400, 1400)):
    """Return what the browser sees of the page ``text`` in frames of ``widths`` pixels."""
    frames = "".join(_FRAME.format(width=width, page=html.escape(text)) for width in widths)
    file = folder / "frames.html"
    file.write_text(_WRAPPER.format(frames=frames), encoding="utf-8")
    done = subprocess.run(
        [
            program(),
            "--headless=new",
            "--no-sandbox",  # tests may run as root, in a container
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--enable-logging=stderr",
            "--window-size=1600,1200",
            f"--user-data-dir={folder / 'profile'}",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    told = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    return Seen(console, json.loads(html.unescape(told[1])))
