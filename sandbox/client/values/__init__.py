"""What the control API answers, as frozen values. Times are aware, in UTC and on the workspace's clock."""

from sandbox.client.values.callbacks import Attempt, Callback, Event, Outgoing, Target
from sandbox.client.values.page import Page
from sandbox.client.values.server import Health, Index, Keys, Provider, ScenarioEntry, Workspace
from sandbox.client.values.state import Account, Advance, Clock, Happening, Rule, Scenario, Sender, Template
from sandbox.client.values.traffic import Message, Near, Otp, Plan, Reply, Request, Step, Verdict

__all__ = [
    "Account",
    "Advance",
    "Attempt",
    "Callback",
    "Clock",
    "Event",
    "Happening",
    "Health",
    "Index",
    "Keys",
    "Message",
    "Near",
    "Otp",
    "Outgoing",
    "Page",
    "Plan",
    "Provider",
    "Reply",
    "Request",
    "Rule",
    "Scenario",
    "ScenarioEntry",
    "Sender",
    "Step",
    "Target",
    "Template",
    "Verdict",
    "Workspace",
]
