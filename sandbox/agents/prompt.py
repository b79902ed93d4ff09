"""The prompt: how an agent tests an application's SMS and WhatsApp integration with the tools."""

from mcp.types import GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent

PROMPT = Prompt(
    name="test_my_integration",
    title="Test my integration",
    description="Test how an application sends messages and handles delivery reports, step by step.",
    arguments=[
        PromptArgument(name="provider", description="the provider that the application uses, such as betatel"),
        PromptArgument(name="flow", description="what to test, such as: sign up with a one-time code"),
    ],
)

TEXT = """\
Test how this application {flow}, with {provider} replaced by sms-sandbox. Use the tools of sms-sandbox, and change \
application code only where a test shows a fault.

1. Find in the code where the provider is called and where its delivery reports arrive: base URL, key, callback route.
2. describe_provider, then once more with the operation that the code calls: compare paths, parameters and errors.
3. create_workspace with clock "frozen" and the URL of the application's callback route in `targets`. Give the \
application the returned URL and keys, by the environment variables that it reads, and start it. Pass the workspace's \
id to every other tool.
4. Make the application send. wait_for_otp, or list_messages, gives the code or the text. If nothing arrived, \
list_requests with refused=true, then explain_request; correct the code and send again.
5. advance_clock until "idle": statuses change and delivery reports are sent. get_message shows each attempt and the \
application's answer. After a correction, replay_callback.
6. list_scenarios, then use_scenario for the failures that matter: refused sends, failed deliveries, late or repeated \
reports, a provider that is down. Repeat steps 4 and 5 for each, with reset_workspace in between.
7. verify_messages for each expectation: how many messages, to whom, with which text.

Report what works, what failed and why, and what you changed. The resource sandbox://docs/tutorial has an example.
"""


def write_prompt(provider: str | None, flow: str | None) -> GetPromptResult:
    """Return the prompt for a provider and a flow, or for those that the agent finds in the code."""
    text = TEXT.format(
        provider=provider or "the provider",
        flow=f"does this: {flow}," if flow else "sends messages and handles delivery reports,",
    ).replace(",,", ",")
    return GetPromptResult(
        description=PROMPT.description,
        messages=[PromptMessage(role="user", content=TextContent(type="text", text=text))],
    )
