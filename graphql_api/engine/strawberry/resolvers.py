"""What the functions that Strawberry puts into a schema amount to.

Proved by the identity of the code objects that Strawberry's converter makes, and by what they
close over; whatever has been wrapped, subclassed or replaced is called as it is.
"""

from __future__ import annotations

from enum import Enum, Flag
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Final

from graphql import is_union_type
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver
from strawberry.types.union import StrawberryUnion
from strawberry.utils.await_maybe import await_maybe

from graphql_api.engine.adapter import Adapter, Attribute, Call, Read, Resolver, TypeCheck
from graphql_api.engine.kinds import KINDS, OBJECT

from .inputs import as_it_is, convert_otherwise, plan_conversion

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from graphql import GraphQLAbstractType, GraphQLField, GraphQLLeafType, GraphQLObjectType

_DEFINITION: Final = GraphQLCoreConverter.DEFINITION_BACKREF


def _code_in(function: Any, *names: str) -> CodeType:
    """Return the code of a function defined inside another one."""
    code: CodeType = function.__code__
    for name in names:
        code = next(const for const in code.co_consts if getattr(const, "co_name", "") == name)
    return code


_from_resolver = GraphQLCoreConverter.from_resolver
_BASIC: Final = _code_in(_from_resolver, "_get_basic_result")
_RESOLVERS: Final = (
    _code_in(_from_resolver, "_resolver"),
    _code_in(_from_resolver, "_async_resolver"),
)
_IS_TYPE_OF: Final = _code_in(GraphQLCoreConverter.from_object, "_get_is_type_of", "is_type_of")
_INTERFACE: Final = _code_in(
    GraphQLCoreConverter.from_interface, "_get_resolve_type", "resolve_type"
)
_UNION: Final = _code_in(StrawberryUnion.get_type_resolver, "_resolve_union_type")


def _variables_of(function: Any) -> dict[str, Any]:
    """Return what a function closes over, by name."""
    cells = function.__closure__ or ()
    return dict(
        zip(function.__code__.co_freevars, (cell.cell_contents for cell in cells), strict=True)
    )


class StrawberryAdapter(Adapter):
    """Knows what Strawberry's generated resolvers do."""

    def read(self, definition: GraphQLField) -> Read | None:
        """Recognise basic fields, and resolvers that take nothing but their source."""
        field = _own_field(definition)
        if field is None:
            return None
        if _is_basic(definition):
            if field.base_resolver or field.default_resolver is not getattr:
                return None
            is_own = _variables_of(definition.resolve)["field"] is field
            return Attribute(field.python_name) if is_own else None
        return _call(field)

    def resolver(self, definition: GraphQLField) -> Resolver | None:
        """Call a Strawberry resolver with converted arguments, without the layers between."""
        field = _own_field(definition)
        if field is None or field.base_resolver is None or _is_basic(definition):
            return None
        converter = _variables_of(definition.resolve)["_strawberry_info_from_graphql"]
        return _direct(field, field.base_resolver, _variables_of(converter)["self"])

    def type_check(self, type_: GraphQLObjectType) -> TypeCheck | None:
        """Decide `is_type_of` by class; objects cast with `strawberry.cast` are asked singly."""
        is_type_of: Any = type_.is_type_of
        if getattr(is_type_of, "__code__", None) is not _IS_TYPE_OF:
            return None
        possible: tuple[type, ...] = _variables_of(is_type_of)["possible_types"]
        agreed: set[type] = set()
        settled: set[type] = set()

        def check(value: Any) -> bool:
            cls = type(value)
            if getattr(value, TYPE_CAST_ATTRIBUTE, None) is not None:
                return bool(is_type_of(value, None))
            if cls in agreed:
                return True
            if KINDS[cls] == OBJECT and issubclass(cls, possible) and len(agreed) < _MAX_CLASSES:
                agreed.add(cls)
                if not _may_be_cast(cls):
                    settled.add(cls)
            return bool(is_type_of(value, None))

        return TypeCheck(check, settled)

    def type_name(self, type_: GraphQLAbstractType) -> Callable[[Any], str | None] | None:
        """Name the type of instances of Strawberry's own classes by their class."""
        code = getattr(type_.resolve_type, "__code__", None)
        if code is _INTERFACE:
            interface = _variables_of(type_.resolve_type)["interface"]
            return _by_class(lambda cls: _interface_name(interface, cls))
        if code is _UNION and is_union_type(type_):
            type_map = _variables_of(type_.resolve_type)["type_map"]
            members = {id(type_map[member.name].definition): member.name for member in type_.types}
            return _by_class(lambda cls: _union_name(members, cls))
        return None

    def leaf_names(self, type_: GraphQLLeafType) -> tuple[type, dict[str, str]] | None:
        """Give the output of every member of a Strawberry enum."""
        if type(type_) is not CustomGraphQLEnumType:
            return None
        cls = type_.wrapped_cls
        if not issubclass(cls, Enum) or issubclass(cls, Flag):
            return None
        try:
            return cls, {member._name_: type_.coerce_output_value(member) for member in cls}
        except ValueError:
            return None


_MAX_CLASSES: Final = 1024


def _may_be_cast(cls: type) -> bool:
    """Tell whether `strawberry.cast` can mark an instance: rows of named tuples take no mark."""
    return bool(cls.__dictoffset__) or hasattr(cls, TYPE_CAST_ATTRIBUTE)


def _by_class(name_of: Callable[[type], str | None]) -> Callable[[Any], str | None]:
    names: dict[type, str | None] = {}

    def name(value: Any) -> str | None:
        if getattr(value, TYPE_CAST_ATTRIBUTE, None) is not None:
            return None
        cls = type(value)
        try:
            return names[cls]
        except KeyError:
            found = name_of(cls) if KINDS[cls] == OBJECT else None
            if len(names) < _MAX_CLASSES:
                names[cls] = found
            return found

    return name


def _own_definition(cls: type) -> StrawberryObjectDefinition | None:
    definition = getattr(cls, "__strawberry_definition__", None)
    if not isinstance(definition, StrawberryObjectDefinition):
        return None
    is_generic = definition.is_graphql_generic or definition.concrete_of is not None
    return None if is_generic else definition


def _interface_name(interface: StrawberryObjectDefinition, cls: type) -> str | None:
    definition = _own_definition(cls)
    return definition.name if definition and issubclass(cls, interface.origin) else None


def _union_name(members: dict[int, str], cls: type) -> str | None:
    definition = _own_definition(cls)
    return members.get(id(definition)) if definition else None


def _own_field(definition: GraphQLField) -> StrawberryField | None:
    """Return the Strawberry field behind a resolver that is Strawberry's own and unadorned."""
    field = definition.extensions.get(_DEFINITION)
    code = getattr(definition.resolve, "__code__", None)
    if not isinstance(field, StrawberryField) or field.extensions:
        return None
    if type(field).get_result is not StrawberryField.get_result:
        return None
    if code is _BASIC:
        return field
    if code not in _RESOLVERS or _variables_of(definition.resolve)["field_exception_handlers"]:
        return None
    resolver = field.base_resolver
    is_stock = type(resolver) is StrawberryResolver and callable(resolver.wrapped_func)
    return field if is_stock else None


def _is_basic(definition: GraphQLField) -> bool:
    return getattr(definition.resolve, "__code__", None) is _BASIC


def _call(field: StrawberryField) -> Call | None:
    """Return the direct call of a resolver without arguments and `info`."""
    resolver = field.base_resolver
    if resolver is None or field.arguments or resolver.info_parameter:
        return None
    function: Any = resolver.wrapped_func
    named = _source_parameters(resolver)
    if resolver.self_parameter:
        return None if named else Call(function)
    if len(named) == 1 and _takes_position(function, *named):
        return Call(function)
    return Call(lambda source: function(**dict.fromkeys(named, source)))


def _takes_position(function: Any, name: str) -> bool:
    """Tell whether a function's only argument may be given without its name."""
    parameters = signature(function).parameters
    return len(parameters) == 1 and parameters[name].kind is Parameter.POSITIONAL_OR_KEYWORD


def _source_parameters(resolver: StrawberryResolver[Any]) -> set[str]:
    parameters = (resolver.parent_parameter, resolver.root_parameter)
    return {parameter.name for parameter in parameters if parameter}


def _direct(
    field: StrawberryField, resolver: StrawberryResolver[Any], converter: GraphQLCoreConverter
) -> Resolver:
    """Return a resolver that does what `GraphQLCoreConverter.from_resolver` arranges.

    Arguments are converted by functions made once per type, or by Strawberry where it takes that.
    """
    info_class = converter.config.info_class
    steps = []
    wants_info = resolver.info_parameter.name if resolver.info_parameter else None
    takes_info = wants_info is not None
    all_passed_on = True
    for argument in field.arguments:
        name = converter.config.name_converter.from_argument(argument)
        convert = plan_conversion(argument.type, converter)
        if convert is None:
            convert = convert_otherwise(argument.type, converter, name)
            takes_info = True
        all_passed_on = all_passed_on and convert is as_it_is
        steps.append((name, argument.python_name, convert))
    takes_self = resolver.self_parameter is not None
    named = _source_parameters(resolver)
    function: Any = resolver.wrapped_func

    def resolve(source: Any, raw_info: Any, /, **given: Any) -> Any:
        info = info_class(_raw_info=raw_info, _field=field) if takes_info else None
        arguments: dict[str, Any] = {}
        for name, python_name, convert in steps:
            if name in given:
                arguments[python_name] = convert(given[name], info)
        for name in named:
            arguments[name] = source
        if wants_info is not None:
            arguments[wants_info] = info
        return function(source, **arguments) if takes_self else function(**arguments)

    async def resolve_later(source: Any, raw_info: Any, /, **given: Any) -> Any:
        return await await_maybe(resolve(source, raw_info, **given))

    # Strawberry converts the arguments of an async resolver when it is awaited.
    is_async = field.is_async and not all_passed_on
    return Resolver(resolve_later if is_async else resolve, takes_info)
