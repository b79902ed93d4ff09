"""Jinja's sandboxed environment with a budget; it is imported when the first scenario with a template is loaded.

Jinja's sandbox keeps a template from the server's own objects, but not from running for hours. Here everything that a
template can repeat or enlarge spends from the budget first. Loops, literals, comparisons, concatenations and slices
have no hook in Jinja, so the syntax tree is changed before it is compiled. Calls, operators, filters, tests and output
use the hooks of the environment. Nothing is computed while a template is compiled.
"""

# ruff: noqa: N802 - Jinja calls the methods of a visitor by the names of its nodes

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, wraps
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any, Protocol

from jinja2 import ChainableUndefined, StrictUndefined, Template, TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.meta import TrackingCodeGenerator
from jinja2.parser import Parser
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace, _PassArg
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from sandbox.templates.allowed_calls import FILTERS, READING_TESTS, spend_method
from sandbox.templates.budget import active_budget, count_members, measure
from sandbox.templates.costs import ESCAPED_SIZE, limited_format, spend_operator, spend_result, to_text
from sandbox.templates.lenient import TEXT_FILTERS, of_text

RESULT = "result"  # the name of an expression's value
TOKEN_LIMIT = 10_000  # a template with this many takes 100 ms to compile
UNSEEDED_GLOBALS = ("lipsum",)
# The names of our own filters in the changed tree; they cannot be written after a `|`.
MEMBERS, MADE, MEASURED, TEXT = "the members", "the value made", "the value measured", "the text"


class TemplateNamespace(Namespace):
    """A namespace whose text leaves out its members, which may contain one another."""

    def __repr__(self) -> str:
        return "<namespace>"


class Function(Protocol):
    """A filter or test."""

    def __call__(self, *args: Any, **values: Any) -> Any:  # noqa: ANN401 - filters take and return anything
        """Return the result for a value, the first argument."""


class _Spending(NodeTransformer):
    """Wraps nodes that would be compiled into plain Python in filters that spend from the budget."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _filtered(node.iter, MEMBERS)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        node.expr = _filtered(node.expr, MEASURED)
        for operand in node.ops:
            operand.expr = _filtered(operand.expr, MEASURED)
        return node

    def visit_List(self, node: nodes.List) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(node, MADE)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(node, MADE) if node.ctx == "load" else node

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        self.generic_visit(node)
        for pair in node.items:
            pair.key = _filtered(pair.key, MEASURED)
        return _filtered(node, MADE)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        node.nodes = [_filtered(each, TEXT) for each in node.nodes]
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _filtered(node.node, MADE)
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        self.generic_visit(node)
        node.nodes = [
            nodes.MarkSafeIfAutoescape(nodes.Const(each.data, lineno=each.lineno), lineno=each.lineno)
            if isinstance(each, nodes.TemplateData)
            else each
            for each in node.nodes
        ]
        return node


def _filtered(node: nodes.Node, name: str) -> nodes.Expr:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Jinja's environment; its templates must be rendered inside `spending`."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    intercepted_unops = frozenset({"+", "-"})

    def __init__(self, *, lenient: bool = False) -> None:
        finalize = _finalize_lenient if lenient else _finalize
        undefined = ChainableUndefined if lenient else StrictUndefined
        super().__init__(undefined=undefined, keep_trailing_newline=True, optimized=False, finalize=finalize)
        for name in UNSEEDED_GLOBALS:
            del self.globals[name]
        self.globals["namespace"] = TemplateNamespace
        self.filters = {name: _limited_filter(name, self.filters[name]) for name in FILTERS}
        self.filters |= {MEMBERS: _members, MADE: _made, MEASURED: _measured, TEXT: _text}
        self.filters["string"] = _string
        if lenient:
            self.filters |= {name: of_text(self.filters[name]) for name in (*TEXT_FILTERS, TEXT)}
        self.tests = {name: _limited_test(name, test) for name, test in self.tests.items()}  # type: ignore[misc, arg-type] # Jinja types them as `function`

    def read(self, source: str, *, expression: bool = False) -> tuple[Template, set[str], set[tuple[str, ...]]]:
        """Return a compiled template, the names that it looks up, and what it reads of them: `("message", "id")`.

        Raises:
            TemplateSyntaxError: The template does not parse, or is too long.

        """
        for count, (line, _, _) in enumerate(self.lexer.tokeniter(f"{{{{{source}}}}}" if expression else source, None)):
            if count == TOKEN_LIMIT:
                message = f"it has more than {TOKEN_LIMIT} tokens"
                raise TemplateSyntaxError(message, line)
        parsed = self._parse_expression(source) if expression else self.parse(source)
        references = set(_references(parsed))
        tree = _Spending().visit(parsed)
        tracking = TrackingCodeGenerator(self)
        tracking.optimizer = None
        tracking.visit(tree)
        return self.from_string(tree), tracking.undeclared_identifiers, references

    def _parse_expression(self, source: str) -> nodes.Template:
        """Return the tree of a template that assigns the value of an expression to `RESULT`."""
        parser = Parser(self, source, state="variable")
        value = parser.parse_expression()
        if not parser.stream.eos:
            message = "expected the end of the expression"
            raise TemplateSyntaxError(message, parser.stream.current.lineno)
        tree = nodes.Template([nodes.Assign(nodes.Name(RESULT, "store"), value, lineno=1)], lineno=1)
        tree.set_environment(self)
        return tree

    def make_globals(self, d: Mapping[str, object] | None) -> dict[str, Any]:
        """Return the variables of a template; Jinja's own chain of mappings takes 4 µs more for each rendering."""
        return {**self.globals, **(d or {})}

    def call_binop(self, context: Context, operator_: str, left: object, right: object) -> object:
        """Return the result of a binary operator."""
        budget = active_budget()
        budget.step()
        if not isinstance(left, Undefined) and not isinstance(right, Undefined):
            spend_operator(budget, operator_, left, right)
        return spend_result(budget, super().call_binop(context, operator_, left, right))

    def call_unop(self, context: Context, operator_: str, arg: object) -> object:
        """Return the result of a unary operator."""
        active_budget().step()
        return super().call_unop(context, operator_, arg)

    def getitem(self, obj: object, argument: object) -> object:
        """Return a member of a value; the key is measured, because hashing a tuple hashes all its members."""
        if not isinstance(argument, str | int):
            measure(active_budget(), argument)
        return super().getitem(obj, argument)

    def wrap_str_format(self, value: object) -> Callable[..., str] | None:
        """Return `str.format` with the budget applied; None for other values."""
        return limited_format(self, value)

    def call(self, context: Context, obj: object, /, *args: object, **values: object) -> object:
        """Return the result of a call.

        Raises:
            SecurityError: Templates cannot call this value.

        """
        budget = active_budget()
        budget.step(2 + len(args))  # a call takes as long as two rounds of a loop
        given = {name: value for name, value in values.items() if name not in ("_loop_vars", "_block_vars")}
        if isinstance(obj, BuiltinMethodType | MethodType):
            args = spend_method(budget, obj.__self__, obj.__name__, args, given)
        elif obj in (dict, TemplateNamespace):
            budget.make(sum(len(each) if hasattr(each, "__len__") else 1 for each in (*args, given)) * 128)
        elif isinstance(obj, LoopContext):
            args = tuple(count_members(each) if hasattr(each, "__iter__") else each for each in args)
        elif not isinstance(obj, _CALLABLE) and obj is not Cycler and obj is not Joiner:
            message = f"templates cannot call a value of type {type(obj).__name__}"
            raise SecurityError(message)
        return spend_result(budget, super().call(context, obj, *args, **values))


_CALLABLE = (FunctionType, Macro, Joiner, BlockReference, Undefined)


@pass_context
def _finalize(context: Context, value: object) -> str:
    """Return the text that is written into the reply for a value."""
    budget = active_budget()
    budget.step()
    text = to_text(value)
    if context.eval_ctx.autoescape and not isinstance(text, Markup):
        budget.make(measure(budget, text) * ESCAPED_SIZE)
        text = escape(text)
    budget.make(measure(budget, text))
    return text


@pass_context
def _finalize_lenient(context: Context, value: object) -> str:
    """Return the text for a value, an empty one for null and for what is absent."""
    return "" if value is None or isinstance(value, Undefined) else _finalize(context, value)


@pass_context
def _members(_context: Context, value: Iterable[object]) -> Iterable[object]:
    return count_members(value)


@pass_context
def _made(_context: Context, value: object) -> object:
    return spend_result(active_budget(), value)


@pass_context
def _measured(_context: Context, value: object) -> object:
    if not isinstance(value, Undefined):
        active_budget().read(measure(active_budget(), value))
    return value


@pass_context
def _text(_context: Context, value: object) -> str:
    text = to_text(value)
    active_budget().make(measure(active_budget(), text) * 2)
    return text


@pass_context
def _string(_context: Context, value: object) -> str:
    return to_text(value)


def _leading(function: Callable[..., Any], context: Context) -> tuple[object, ...]:
    """Return the arguments that Jinja passes to a filter or test before the value."""
    match _PassArg.from_obj(function):
        case _PassArg.context:
            return (context,)
        case _PassArg.eval_context:
            return (context.eval_ctx,)
        case _PassArg.environment:
            return (context.environment,)
    return ()


def _limited_filter(name: str, function: Callable[..., Any]) -> Function:
    """Return a filter that spends before it runs; it takes the context, so Jinja never runs it at compile time."""
    rule = FILTERS[name]

    @wraps(function)
    def limited(context: Context, *args: object, **values: object) -> object:
        budget = active_budget()
        budget.step()
        args = rule(budget, args, values)
        return spend_result(budget, function(*_leading(function, context), *args, **values))

    return pass_context(limited)


def _limited_test(name: str, function: Callable[..., Any]) -> Function:
    """Return a test that spends before it runs."""

    @wraps(function)
    def limited(context: Context, *args: object, **values: object) -> object:
        budget = active_budget()
        budget.step()
        if name in READING_TESTS:
            budget.read(measure(budget, *args))
        return function(*_leading(function, context), *args, **values)

    return pass_context(limited)


def render(template: Template, variables: Mapping[str, object]) -> str:
    """Return the text that a template writes.

    The template runs without Jinja's own wrapper, which rewrites the traceback of each error. That takes a second for a
    recursion, and tracebacks are not shown here.
    """
    budget = active_budget()
    pieces: list[str] = []
    for piece in template.root_render_func(template.new_context({**variables})):
        budget.write(piece)
        pieces.append(piece)
    return "".join(pieces)


def evaluate(template: Template, variables: Mapping[str, object]) -> object:
    """Return the value of an expression."""
    context = template.new_context({**variables})
    for _ in template.root_render_func(context):
        pass
    value = context.vars[RESULT]
    if isinstance(value, Undefined):
        str(value)  # raises what is undefined, unless the environment is lenient
        return None
    budget = active_budget()
    budget.make(measure(budget, value))
    return value


def _references(tree: nodes.Template) -> Iterable[tuple[str, ...]]:
    """Yield the paths of names and members that a template reads."""
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        steps: list[str] = []
        here: nodes.Node = node
        while isinstance(here, nodes.Getattr | nodes.Getitem):
            if isinstance(here, nodes.Getattr):
                steps.append(here.attr)
            elif isinstance(here.arg, nodes.Const) and isinstance(here.arg.value, str):
                steps.append(here.arg.value)
            else:
                steps.clear()
            here = here.node
        if isinstance(here, nodes.Name) and steps:
            yield (here.name, *reversed(steps))


@lru_cache(maxsize=2)
def environment(*, lenient: bool = False) -> TemplateEnvironment:
    """Return the environment that templates share; in a lenient one, what is absent is null, and empty in a text."""
    return TemplateEnvironment(lenient=lenient)
