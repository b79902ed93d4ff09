"""The inbox in a real browser, on a real server; skipped where no Chromium is found."""
