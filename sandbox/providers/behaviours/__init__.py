"""Behaviours: what the operations of a provider do, declared in its document instead of written in Python.

Comes in: a compiled document whose operations name a behaviour below `x-sandbox` (`send`, `message`, `messages`,
`balance`, `code.check`, `reply`), and the functions of its module, if it has one. Goes out: a `Provider`, as a module
would define it. Everything is compiled when the document is loaded: a plain `{{ message.id }}` becomes a function,
everything else a template of Jinja. Mistakes are collected with their places. Imports `core`, `formats`, `templates`,
`specs` and `providers.base`.
"""
