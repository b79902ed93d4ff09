"""A local stand-in for SMS and WhatsApp providers.

Glossary, in the order in which a message lives:

- workspace: state of its own: accounts, messages, scenario, clock, seed. `default` always exists. A *lease* ends one.
- provider: a service that the sandbox stands in for; a *spec* (OpenAPI) and functions, one for each *operation*.
- account: a provider's customer, named by the *key* of a request, with a *balance* by balance type.
- request: a call of a provider's API; the *journal* keeps it, with the reply and the *reasons* of a refusal.
- violation: one way in which a request breaks the schema of its operation.
- reply: what the provider answers; a *refusal* is a reply that stores and charges nothing.
- sender, recipient: whom a message comes from, as handsets show it, and the phone number that it goes to.
- message: one text to one recipient; it counts as one or more *segments* (SMS). A *draft* is one not yet accepted.
- one-time code: a short code that a message carries; a provider may create and check it (`Otp`).
- scenario: a YAML file that says how providers behave; its *rules* match recipients, the first match decides.
- fault: a deliberate failure to deliver a reply, such as a reset connection.
- rate limit: how many requests are accepted in a span; counted in a `RateWindow`.
- status: where a message stands; `delivered` is the sandbox's name, `DELIVRD` the provider's word.
- lifecycle: the planned statuses of a message, as *steps* with delays.
- agenda: everything that is pending, status changes and callbacks, by the time when it is due.
- clock: a workspace's time: real, scaled or frozen. An *advance* moves it and runs what becomes due.
- seed: the number that all random values of a workspace depend on; a *draw* is one of them.
- callback: the report of a status change to the customer's *target*, over HTTP; also called a delivery report.
- attempt: one try to deliver a callback; failed attempts are repeated by the *retry schedule*.
- collected: a callback without a target, kept for reading.
- change, batch: a new value to store, and all changes of one event; a *commit* stores them and calls the *subscribers*.
- event: what the event stream reports about a change.
- snapshot: the saved state of one workspace.
"""

__version__ = "0.2.0"
