"""The document that `sms-sandbox provider new` writes: a whole provider that serves at once, with comments."""

from sandbox.core.errors import SandboxError, near_miss
from sandbox.specs.spec import NAME


class NameRefusedError(SandboxError):
    """A name that a provider cannot have."""


def check_name(name: str, taken: tuple[str, ...]) -> None:
    """Check the name of a new provider; `taken` are the names of those that are served already.

    Raises:
        NameRefusedError: It is not lower-case letters, digits, - and _, or another provider has it.

    """
    if name in taken:
        message = f"the provider '{name}' is built in; choose another name"
        raise NameRefusedError(message)
    if NAME.fullmatch(name):
        return
    parts = "".join(each if NAME.fullmatch(f"a{each}") else "-" for each in name.lower()).strip("-_0123456789")
    meant = near_miss(parts, [parts]) if parts and NAME.fullmatch(parts) else ""
    right = "use lower-case letters, digits, - and _, starting with a letter, such as acme"
    message = f"{name!r} is not a valid name; {right}.{meant}"
    raise NameRefusedError(message)


def write_starter(name: str) -> str:
    """Return the document of a new provider."""
    return DOCUMENT.replace("@title", name.replace("-", " ").replace("_", " ").title()).replace("@name", name)


DOCUMENT = """\
# @title, a provider of your own. Replace what your provider does otherwise, and check this file: sms-sandbox check FILE
# x-word says how well you know a fact: documented, published, observed or inferred. x-source says where it is from.

openapi: 3.1.0
info: {title: @title, version: "1"}
servers: [{url: "https://api.@name.example"}]

x-sandbox:
  provider: @name

  # How times are written: iso, iso-seconds, unix, unix-ms, rfc2822, or a pattern such as %Y-%m-%d %H:%M:%S.
  time: {format: iso-seconds}

  # What an account has when its key is used for the first time.
  account: {balance: {EUR: "1000.00"}}

  settings:
    price: {default: 0.05, schema: {type: number, minimum: 0}, description: EUR for a message.}

  channels:
    sms:
      # What happens to a message, unless a scenario or a magic number says otherwise.
      life: [sent: 200ms, delivered: 2s]
      # Your provider's word for each status (says), the statuses that can follow (next), and which a callback reports.
      statuses:
        queued: {says: accepted, next: [sent, failed]}
        sent: {says: sent, reported: true, next: [delivered, undelivered, expired]}
        delivered: {says: delivered, reported: true}
        undelivered: {says: undelivered, reported: true}
        expired: {says: expired, reported: true}
        failed: {says: failed, reported: true}

      # The delivery report. It goes to the callback_url of the message, or else to the target of the provider.
      callback:
        body:
          message_id: "{{ message.id }}"
          to: "{{ message.e164 }}"
          status: "{{ callback.provider_status }}"
          at: "{{ callback.at }}"
        # Pauses between the attempts, if no answer with a 2xx status comes.
        retries: [5s, 1m, 10m]
        # signature:
        #   header: X-Signature
        #   hmac: sha256
        #   encoding: hex
        #   key: "{{ target.key }}"
        #   content: "{{ timestamp }}.{{ body }}"
        # headers: {X-Timestamp: "{{ timestamp }}"}

# Every request needs the header; whose account it is depends on the key. Other ways: http with scheme basic or bearer,
# or a key in the query.
security:
  - key: []

paths:
  /v1/messages:
    post:
      operationId: send
      x-operation: @name.send
      x-channel: sms
      x-word: inferred
      x-source: our choice
      summary: Send an SMS.
      x-sandbox:
        send:
          # Where a request has what: a name, or a pointer such as /message/to. A recipient may be a list, too.
          recipient: to
          sender: from
          text: text
          callback_url: callback_url
          # Or ulid, or {kind: hex, length: 32, prefix: SM}, or the kinds digits and alphanumeric.
          id: uuid
          price: {amount: settings.price, per: message, balance: EUR}
          reply:
            body:
              id: "{{ message.id }}"
              to: "{{ message.to }}"
              status: "{{ message.provider_status }}"
              created_at: "{{ message.accepted_at }}"
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [to, text]
              properties:
                to: {type: string, pattern: '^\\+?[1-9]\\d{6,14}$', description: international format}
                from: {type: string, maxLength: 15, description: the sender}
                text: {type: string, minLength: 1, maxLength: 1600, description: the text}
                callback_url: {type: string, description: where the delivery report goes}
            examples:
              inferred: {value: {to: "+38761444555", from: ACME, text: Your code is 482910}}
      responses:
        "201": {description: Accepted., content: {application/json: {schema: {type: object}}}}
        "400": {$ref: "#/components/responses/Invalid"}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "402": {$ref: "#/components/responses/InsufficientFunds"}

  /v1/messages/{id}:
    get:
      operationId: message
      x-operation: @name.message
      x-word: inferred
      x-source: our choice
      summary: Show a message.
      x-sandbox:
        message:
          id: id
          reply:
            body:
              id: "{{ message.id }}"
              to: "{{ message.to }}"
              text: "{{ message.text }}"
              status: "{{ message.provider_status }}"
              created_at: "{{ message.accepted_at }}"
              delivered_at: "{{ message.delivered_at }}"
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}, description: the id that the send returned}
      responses:
        "200": {description: The message., content: {application/json: {schema: {type: object}}}}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "404": {$ref: "#/components/responses/NotFound"}

  /v1/balance:
    get:
      operationId: balance
      x-operation: @name.balance
      x-word: inferred
      x-source: our choice
      summary: Show the balance.
      x-sandbox:
        balance:
          reply:
            body: {balance: "{{ account.balance.EUR }}", currency: EUR}
      responses:
        "200": {description: The balance., content: {application/json: {schema: {type: object}}}}
        "401": {$ref: "#/components/responses/Unauthorized"}

components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key, description: your key}

  # Errors by name. The sandbox uses invalid, unknown-key, missing-key, insufficient-funds and not-found by itself; a
  # scenario can use any. x-code is the provider's own code. A text may quote what was wrong: {{ error.message }}.
  responses:
    Invalid:
      description: The request is not valid.
      content:
        application/json:
          examples:
            invalid: {value: {code: invalid_request, message: "{{ error.message }}"}, x-code: invalid_request}
    Unauthorized:
      description: No key, or an unknown one.
      content:
        application/json:
          examples:
            unknown-key: {value: {code: unauthorized, message: Unknown API key}, x-code: unauthorized}
            missing-key: {value: {code: unauthorized, message: The header X-Api-Key is missing}, x-code: unauthorized}
    InsufficientFunds:
      description: The balance is lower than the price.
      content:
        application/json:
          examples:
            insufficient-funds: {value: {code: no_funds, message: Not enough balance}, x-code: no_funds}
    NotFound:
      description: No message has this id.
      content:
        application/json:
          examples:
            not-found: {value: {code: not_found, message: Message not found}, x-code: not_found}
"""
