"""The providers' packs; each is found through its spec, and no other file names it."""
