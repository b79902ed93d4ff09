"""The inbox in a real browser, on a server in a process of its own; skipped where no Chromium is found."""
