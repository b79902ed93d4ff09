"""The domain: messages, callbacks, accounts, rules, the clock, and the world that stores them.

Comes in: values that the other folders make, such as a draft, an attempt or a compiled scenario. Goes out: new values,
and numbered batches of changes that `World.commit` hands to its subscribers. Everything here is synchronous and imports
the standard library alone; nothing sleeps, and only `clock` and `seeded_random` touch real time and real chance.
"""
