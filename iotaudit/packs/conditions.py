"""From the `when` of a rule file to a condition tree, checked against the vocabulary.

Form: a mapping of facts to what they must be; several keys must all hold. `all` and `any` take a list of such
mappings, `not` takes one. A value stands for `is`, a list for `in`, a mapping names operators.
"""

from iotaudit.model.conditions import All, Any, Condition, Not, Operand, Operator, Test
from iotaudit.model.vocabulary import FACTS, FACTS_BY_ID, SCOPES, FactSpec, FactType
from iotaudit.packs.fields import number_of, suggestion, text_of
from iotaudit.packs.yaml import Mapping, Mistakes, Node, Scalar, Sequence

NOTHING: Condition = Any(())
"""Stands where a mistake was noted; never evaluated, since the file is refused."""
SORTED = frozenset((Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.AT_MOST))
FITTING: dict[FactType, frozenset[Operator]] = {
    FactType.TEXT: frozenset((Operator.IS, Operator.IN, Operator.MATCHES, Operator.PRESENT)),
    FactType.LIST: frozenset((Operator.IS, Operator.IN, Operator.MATCHES, Operator.PRESENT)),
    FactType.NUMBER: frozenset((Operator.IS, Operator.PRESENT, *SORTED)),
    FactType.FLAG: frozenset((Operator.IS,)),
}


def parse_condition(node: Node, scope: str, mistakes: Mistakes) -> Condition:
    """Gives the condition of a `when`; mistakes are noted with their places."""
    if not isinstance(node, Mapping) or not node.pairs:
        mistakes.add(node.place, "a condition must be facts with what they must be")
        return NOTHING
    parts = tuple(_part(key, value, scope, mistakes) for key, value in node.pairs)
    return parts[0] if len(parts) == 1 else All(parts)


def _part(key: Scalar, value: Node, scope: str, mistakes: Mistakes) -> Condition:
    match key.text:
        case "all" | "any":
            if not isinstance(value, Sequence) or not value.items:
                mistakes.add(value.place, f"{key.text} takes a list of conditions")
                return NOTHING
            parts = tuple(parse_condition(item, scope, mistakes) for item in value.items)
            return All(parts) if key.text == "all" else Any(parts)
        case "not":
            return Not(parse_condition(value, scope, mistakes))
        case _:
            return _fact(key, value, scope, mistakes)


def _fact(key: Scalar, value: Node, scope: str, mistakes: Mistakes) -> Condition:
    spec = FACTS_BY_ID.get(key.text)
    groups = SCOPES.get(scope, ())
    if spec is None:
        known = [s.id for s in FACTS if not groups or s.id.partition(".")[0] in groups]
        mistakes.add(key.place, f"no fact of this name{suggestion(key.text, known)}")
        return NOTHING
    if groups and spec.id.partition(".")[0] not in groups:
        mistakes.add(
            key.place, f"{spec.id} is not known in the scope {scope} (there: {', '.join(groups)})"
        )
        return NOTHING
    if isinstance(value, Mapping):
        tests = tuple(_test(spec, name, operand, mistakes) for name, operand in value.pairs)
        if not tests:
            mistakes.add(value.place, f"{spec.id} lacks what it must be")
            return NOTHING
        return tests[0] if len(tests) == 1 else All(tests)
    return _checked(
        spec, Operator.IN if isinstance(value, Sequence) else Operator.IS, value, mistakes
    )


def _test(spec: FactSpec, name: Scalar, value: Node, mistakes: Mistakes) -> Condition:
    names = [o.value for o in Operator]
    if name.text not in names:
        hint = suggestion(name.text, names)
        mistakes.add(name.place, f"no such operator; there are {', '.join(names)}{hint}")
        return NOTHING
    return _checked(spec, Operator(name.text), value, mistakes)


def _checked(spec: FactSpec, operator: Operator, value: Node, mistakes: Mistakes) -> Condition:
    if operator not in FITTING[spec.type]:
        mistakes.add(
            value.place, f"{spec.id} is {spec.type.value}; {operator.value} does not fit it"
        )
        return NOTHING
    listed = operator is Operator.IN or (
        operator is Operator.MATCHES and isinstance(value, Sequence)
    )
    if listed and not (isinstance(value, Sequence) and value.items):
        mistakes.add(value.place, f"{operator.value} takes a list")
        return NOTHING
    nodes = value.items if listed and isinstance(value, Sequence) else (value,)
    operands = [_operand(spec, operator, node, mistakes) for node in nodes]
    return Test(spec.id, operator, tuple(o for o in operands if o is not None))


def _operand(spec: FactSpec, operator: Operator, node: Node, mistakes: Mistakes) -> Operand | None:
    flag = operator is Operator.PRESENT or spec.type is FactType.FLAG
    if flag:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        mistakes.add(node.place, f"{spec.id} needs true or false here")
        return None
    if spec.type is FactType.NUMBER:
        number = number_of(node)
        if number is None:
            mistakes.add(node.place, f"{spec.id} needs a number here")
        return number
    text = text_of(node)
    if text is None:
        mistakes.add(node.place, f"{spec.id} needs a text here")
        return None
    if spec.choices and operator is not Operator.MATCHES and text not in spec.choices:
        hint = suggestion(text, spec.choices)
        mistakes.add(node.place, f"{spec.id} is one of {', '.join(spec.choices)}{hint}")
        return None
    return text
