"""`plugin`: one execution of a plugin's tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from otel_forgesyte.declaration import (
    UNSPECIFIED,
    Declaration,
    device_reader,
    names_of,
    plugin_reader,
    state_objective,
)
from otel_forgesyte.devices import canonical_device
from otel_forgesyte.failures import failed
from otel_forgesyte.operation import NOT_RECORDED, Operation, Step, surrounding
from otel_forgesyte.outcome import (
    CANCELLED,
    SoftErrorJudge,
    SoftErrorValue,
    error_text,
    soft_error_judge,
)
from otel_forgesyte.semconv import (
    CODE_FUNCTION_NAME,
    ERROR_TYPE,
    FORGESYTE_DEVICE_NAME,
    FORGESYTE_JOB_ID,
    FORGESYTE_JOB_STATUS,
    FORGESYTE_OPERATION_NAME,
    FORGESYTE_PLUGIN_NAME,
    FORGESYTE_PLUGIN_SOFT_ERROR,
    FORGESYTE_PLUGIN_TOOL,
    OperationNameValues,
)
from otel_forgesyte.telemetry import emitters, measure
from otel_forgesyte.values import Parameters, Value, plain_text, text_reader
from otel_forgesyte.wrapping import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_forgesyte.objectives import Objective

P = ParamSpec("P")
R = TypeVar("R")

_OPERATION = OperationNameValues.PLUGIN.value
_NO_PARAMETERS = Parameters(lambda: None)


class PluginOperation(Operation):
    """A running plugin; what `with plugin(...) as p` gives."""

    __slots__ = ("_judge", "_told", "tool")

    def __init__(
        self,
        plugin: str,
        tool: str | None,
        device: str | None,
        function_name: str | None,
        judge: SoftErrorJudge,
    ) -> None:
        above, job = surrounding(plugin)
        device = device or job.device
        super().__init__(plugin, device)
        self.tool = tool
        self._judge = judge
        self._told: str | None = None
        attributes: dict[str, Any] = {
            FORGESYTE_OPERATION_NAME: _OPERATION,
            FORGESYTE_JOB_ID: job.job_id,
            FORGESYTE_PLUGIN_NAME: plugin,
        }
        name = f"plugin {plugin}"
        if tool is not None:
            attributes[FORGESYTE_PLUGIN_TOOL] = tool
            name = f"{name}.{tool}"
        if function_name is not None:
            attributes[CODE_FUNCTION_NAME] = function_name
        if device is not None:
            attributes[FORGESYTE_DEVICE_NAME] = device
        self.start(name, attributes, above, job)

    def set_soft_error(self, message: str | BaseException | None = None) -> None:
        """State that the plugin failed without raising, whatever its result says.

        Of `message` at most 4 KiB are kept; without one it failed all the same. Never raises.
        """
        self._told = ""
        try:
            self._told = error_text(message)
        except Exception as error:  # noqa: BLE001 - telemetry never fails the work
            failed("soft error", error)

    def _returned(
        self, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any], elapsed_s: float
    ) -> None:
        said = self._told
        if said is None:
            said = self._judge(result, args, kwargs)
        attributes = None if said is None else {FORGESYTE_PLUGIN_SOFT_ERROR: True}
        self._close(attributes, said)
        self._measured(attributes, elapsed_s)

    def _raised(self, error_type: str, said: str, elapsed_s: float) -> None:
        attributes = {ERROR_TYPE: error_type}
        self._close(attributes, said)
        self._measured(attributes, elapsed_s)

    def _cancelled(self, elapsed_s: float) -> None:
        self._close({FORGESYTE_JOB_STATUS: CANCELLED.status})
        self._measured(None, elapsed_s)

    def _measured(self, attributes: dict[str, Any] | None, elapsed_s: float) -> None:
        labels: dict[str, Any] = {FORGESYTE_PLUGIN_NAME: self.plugin}
        if self.tool is not None:
            labels[FORGESYTE_PLUGIN_TOOL] = self.tool
        if self.device is not None:
            labels[FORGESYTE_DEVICE_NAME] = self.device
        if attributes is not None:
            labels.update(attributes)
        measure(emitters().plugin_duration, elapsed_s, labels, self.context)


class PluginDeclaration(Declaration[PluginOperation]):
    """A declared plugin: decorate a function with it, or enter it with `with` or `async with`."""

    def __init__(
        self,
        plugin: Value = None,
        tool: Value = None,
        device: Value = None,
        soft_error: SoftErrorValue = None,
        objective: Objective | None = None,
    ) -> None:
        super().__init__()
        self._plugin = plugin
        self._tool = tool
        self._device = device
        self._soft_error: SoftErrorValue = soft_error
        self._objective = objective

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Make each call of `function` an execution of a plugin."""
        return wrapped(function, self._begin)

    def _open(self) -> PluginOperation:
        return PluginOperation(
            plain_text(self._plugin, "plugin name") or UNSPECIFIED,
            plain_text(self._tool, "plugin tool"),
            plain_text(self._device, "plugin device", canonical=canonical_device),
            None,
            soft_error_judge(self._soft_error, _NO_PARAMETERS),
        )

    def _begin(self, function: Callable[..., Any]) -> Callable[..., Step]:
        parameters = Parameters(function)
        name, function_name = names_of(function)
        read_plugin = plugin_reader(self._plugin, parameters, "plugin name", name)
        read_tool = text_reader(self._tool, parameters, "plugin tool", ("tool", "tool_name"))
        read_device = device_reader(self._device, parameters, "plugin device")
        judge = soft_error_judge(self._soft_error, parameters)
        state_objective(self._objective, self._plugin, parameters, (name, function_name))

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Step:
            try:
                return PluginOperation(
                    read_plugin(args, kwargs) or name,
                    read_tool(args, kwargs),
                    read_device(args, kwargs),
                    function_name,
                    judge,
                )
            except Exception as error:  # noqa: BLE001 - telemetry never fails the work
                failed("plugin start", error)
                return NOT_RECORDED

        return begin


@overload
def plugin(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def plugin(
    *,
    plugin: Value = None,
    tool: Value = None,
    device: Value = None,
    soft_error: SoftErrorValue = None,
    objective: Objective | None = None,
) -> PluginDeclaration: ...


def plugin(  # noqa: PLR0913 - the public arguments, each optional
    function: Callable[P, R] | None = None,
    /,
    *,
    plugin: Value = None,
    tool: Value = None,
    device: Value = None,
    soft_error: SoftErrorValue = None,
    objective: Objective | None = None,
) -> Callable[P, R] | PluginDeclaration:
    """Record each call of a function, or each pass through a `with`, as one plugin execution.

    Use it bare (`@plugin`), with values (`@plugin(plugin="plugin_id", tool="tool_name")`), or as
    `with plugin(plugin=..., tool=...) as p:`. What a value may be is told at `Value`.

    Args:
        function: The function, when used bare.
        plugin: The plugin's name. Default: the parameter `plugin`, `plugin_id` or `plugin_name`,
            else the function's name.
        tool: The tool of it that runs. Default: the parameter `tool` or `tool_name`.
        device: The device that is asked for. Default: the parameter `device`, else the job's.
        soft_error: How a result reports failure without raising; see `SoftErrorValue`. The default
            understands the shapes listed in `otel_forgesyte.outcome`.
        objective: What alerts hold the overlays drawn in it to; for `otel-forgesyte rules`,
            without effect on a run.

    Outside of any job an execution belongs to a fresh job id of its own, which what runs below it
    shares; no job is recorded then. Results and exceptions pass unchanged.
    """
    declaration = PluginDeclaration(plugin, tool, device, soft_error, objective)
    return declaration if function is None else declaration(function)
