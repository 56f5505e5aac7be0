"""The form of a playbook: what stands in the YAML, checked by pydantic, frozen once read."""

from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    WithJsonSchema,
)

from actions.acts import Act, Takes
from actions.catalogue import ACTS, CATALOGUE
from actions.fields import (
    MONEY_SCHEMA,
    SETTING_SCHEMA,
    SPAN_SCHEMA,
    Clock,
    Day,
    MoneyText,
    ShareText,
    Span,
)
from actions.quantities import ALL, Money, money
from schemas.commands import Verb
from schemas.decisions import Mode, Parameter
from schemas.problems import Severity


class Form(BaseModel):
    """Base of every part of a playbook: frozen, no field that nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Step(Form):
    """One action of a rule with its parameters; written ``- reship: {at_most: 40.00 USD}``."""

    name: str
    params: dict[str, Parameter] = {}

    @property
    def act(self) -> Act:
        """The entry of the catalogue."""
        return ACTS[self.name]

    @property
    def cost(self) -> Money | None:
        """The most this step may cost each time, ``None`` where it costs nothing."""
        text = self.params.get("amount", self.params.get("at_most"))
        return None if text is None else _cost(str(text))


@lru_cache(maxsize=1_000)
def _cost(text: str) -> Money:
    """Every problem asks for the cost of a step again, and a playbook names few amounts."""
    return money(text)


def _step(written: object) -> object:
    """Return the one form of ``reship``, ``{reship: null}`` and ``{reship: {...}}``."""
    if isinstance(written, str):
        return {"name": written}
    if isinstance(written, dict) and len(written) == 1:
        ((name, params),) = written.items()
        return {"name": name, "params": params or {}}
    raise ValueError("write an action, or an action with its parameters: {reship: {at_most: ...}}")


def _params_schema(act: Act) -> dict[str, object]:
    kinds: dict[Takes, dict[str, object]] = {
        Takes.MONEY: dict(MONEY_SCHEMA),
        Takes.SPAN: dict(SPAN_SCHEMA),
        Takes.TEXT: {"type": "string"},
    }
    return {
        "type": "object" if act.needs else ["object", "null"],
        "description": act.about,
        "properties": {name: kinds[takes] for name, takes in act.takes.items()},
        "required": sorted(act.needs),
        "additionalProperties": False,
    }


STEP_SCHEMA: Final[dict[str, object]] = {
    "anyOf": [
        {"enum": [act.name for act in CATALOGUE if not act.needs]},
        {
            "type": "object",
            "properties": {act.name: _params_schema(act) for act in CATALOGUE},
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        },
    ]
}

StepText = Annotated[Step, BeforeValidator(_step), WithJsonSchema(STEP_SCHEMA)]


class Where(Form):
    """What else must hold for a rule to match; an empty list holds for all."""

    severity: tuple[Severity, ...] = ()
    subject_type: tuple[str, ...] = ()
    subject: tuple[str, ...] = Field(
        default=(), description="Ids, such as SP->RJ; * stands for anything."
    )
    defect: tuple[str, ...] = Field(default=(), description="What is wrong with a population.")
    tier: tuple[str, ...] = Field(
        default=(),
        description="Customers of these tiers. A tier may get more than others, never less.",
    )
    harmed_before: int = Field(
        default=0,
        ge=0,
        description="Customers with problems on so many other orders in the last 90 days.",
    )


class Rule(Form):
    """What is done about one kind of problem; of several rules for a kind the first match wins."""

    name: str = Field(min_length=1, description="How decisions and metrics call this rule.")
    kind: str = Field(
        description="The kind of problem this rule answers; * stands for anything: lane-*-watch."
    )
    where: Where = Where()
    rollout: ShareText = Field(
        default=ALL,
        description="For which share of customers it holds, the same ones as the share grows.",
    )
    valid_from: Day | None = Field(
        default=None, description="For problems opened on this day of the shop or later."
    )
    valid_until: Day | None = Field(
        default=None, description="For problems opened on this day of the shop or before."
    )
    mode: Mode = Field(description="off, shadow (recorded), review (a person decides) or auto.")
    do: tuple[StepText, ...] = Field(description="The plan: all of it, or nothing.")
    under_root_cause: tuple[StepText, ...] | None = Field(
        default=None,
        description="What the customer gets instead when a root cause is known already.",
    )
    undo_when_cleared: bool = Field(
        default=False, description="Whether the end of the problem undoes what can be undone."
    )


class Budget(Form):
    """The most money that may be spent without a person, in any window of that length."""

    per: Literal["customer", "rule", "everything"]
    within: Span
    at_most: MoneyText


class Limit(Form):
    """How often an action may be done without a person, in any window of that length."""

    action: str
    per: Literal["customer", "rule", "everything"]
    within: Span
    at_most: NonNegativeInt | ShareText = Field(
        description="A number, or a share of the SKUs in the catalogue, such as 2%."
    )


class Calendar(Form):
    """Whose working days count where a destination does not say; ``version`` pins the holidays."""

    country: str = "US"
    version: str = ""


class Sellers(Form):
    """Which published standard sellers are held to, and how fast the steps follow each other."""

    preset: Literal["amazon", "ebay", "walmart"] = Field(
        default="amazon", description="Whose published measures."
    )
    step: Span = Field(
        default=timedelta(days=7), description="How long a step is open before the next one."
    )
    orders: int = Field(
        default=50, ge=1, description="Fewest order lines by which a seller is judged."
    )


Allowed = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
"""Wrong alarms allowed in 30 days for each defect."""


class WrongAlarms(Form):
    """How many wrong alarms a month are allowed for each defect of a type of subject.

    So much evidence is asked for before something is done; for holding ten times as many are
    allowed, for a look a hundred times.
    """

    sku: Allowed = 1.0
    sku_warehouse: Allowed = 1.0
    bin: Allowed = 1.0
    batch: Allowed = 1.0
    warehouse: Allowed = 0.2
    seller: Allowed = 1.0
    category: Allowed = 0.2
    sku_size: Allowed = 1.0
    carrier: Allowed = 0.2
    lane: Allowed = 1.0
    region: Allowed = 0.2
    market: Allowed = 0.1


class Populations(Form):
    """When single reports become a problem of a whole population."""

    period: Span = Field(default=timedelta(minutes=5), description="How often it is judged.")
    strike_window: Span = Field(
        default=timedelta(days=60),
        description="Two wrong items of one customer and SKU within this time are one too many.",
    )
    customers: int = Field(default=3, ge=1, description="Or one each for so many customers.")
    customers_window: Span = Field(default=timedelta(days=14), description="Within this time.")
    wrong_alarms: WrongAlarms = Field(
        default=WrongAlarms(), description="Allowed in a month for each defect, by subject type."
    )
    sellers: Sellers = Sellers()


class Catalogue(Form):
    """How large the range is, so that limits can be a share of it."""

    skus: int = Field(ge=1, description="SKUs on sale.")


class Quiet(Form):
    """Hours in which no customer is written to or called; a message waits for their end."""

    begins: Clock = Field(description="By the shop's clock, such as 21:00.")
    ends: Clock = Field(description="By the shop's clock, such as 08:00.")


class People(Form):
    """In which order people take what waits for them; nobody's remedy depends on it."""

    tiers: tuple[str, ...] = Field(
        default=(), description="Tiers of customers, the first is served first."
    )
    longest_wait: Span = Field(
        default=timedelta(hours=4),
        description="Whoever has waited longer comes first, whatever their tier.",
    )


class Owners(Form):
    """Until when a person must have taken what waits for people, and who is told if nobody has."""

    within: Span = Field(default=timedelta(minutes=15), description="From the moment it waits.")
    escalate: tuple[Span, ...] = Field(
        default=(timedelta(hours=1), timedelta(hours=4)), description="Later steps, in order."
    )
    tell: tuple[str, ...] = Field(
        default=("ops",), min_length=1, description="Whom each step tells; the last one tells on."
    )


class Role(Form):
    """What some people may do without asking; what exceeds it is for somebody else's role."""

    people: tuple[str, ...] = Field(description="Their names, as they call themselves here.")
    may: frozenset[Verb] = Field(description="What they may say.")
    actions: frozenset[str] = Field(
        default=frozenset(), description="Which actions they may set going; empty for all."
    )
    each: MoneyText | None = Field(default=None, description="The most one action may cost.")
    a_day: MoneyText | None = Field(
        default=None, description="The most they may set free in 24 hours."
    )


Locale = Literal["en", "vi"]
"""Languages that customers are written to in."""


class Messages(Form):
    """How customers are written to."""

    locale: Locale = "en"
    quiet: Quiet | None = Field(default=None, description="Hours in which nobody is disturbed.")
    channels: tuple[str, ...] = Field(
        default=("email",),
        description="Ways to reach a customer, tried in this order after the one they prefer.",
    )
    texts: dict[Locale, dict[str, str]] = Field(
        default={}, description="Your own words, by language and key such as next.lost-shipment."
    )


class PlaybookForm(Form):
    """A playbook: which problems matter, what is done, in which mode, within which budgets."""

    name: str = Field(min_length=1, description="Stands in every decision beside the version.")
    zone: str = Field(default="UTC", description="IANA time zone of the shop.")
    calendar: Calendar = Calendar()
    act_within: Span = Field(
        default=timedelta(hours=48),
        description="A problem first stored longer after it opened is never acted on by itself.",
    )
    messages: Messages = Messages()
    detectors: dict[str, dict[str, Annotated[object, WithJsonSchema(SETTING_SCHEMA)]]] = Field(
        default={}, description="Parameters of detectors: kind, parameter, value."
    )
    populations: Populations = Populations()
    catalogue: Catalogue | None = None
    people: People = People()
    owners: Owners = Owners()
    budgets: tuple[Budget, ...] = ()
    limits: tuple[Limit, ...] = ()
    roles: dict[str, Role] = Field(
        default={}, description="Who may approve, undo, stop ...; without any, everybody may."
    )
    rules: tuple[Rule, ...] = ()
