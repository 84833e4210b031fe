"""Wraps a function of any kind so that an operation begins and ends with it.

One wrapper per kind of function, because each ends at another moment. A generator is current only
while its body runs: attached before each step, taken off before each yield, so that two generators
advanced in turn, or one closed from another task, never see each other's context. What the caller
sends, throws or closes goes to the body as it came, and outside of any `except` block: an exception
raised there would otherwise carry ours as its `__context__`.
"""

from __future__ import annotations

import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from otel_forgesyte.operation import Begin

P = ParamSpec("P")
R = TypeVar("R")


def wrapped(function: Callable[P, R], compile_begin: Callable[[Any], Begin]) -> Callable[P, R]:
    """`function` with an operation around it; name, signature and picklability are kept.

    `compile_begin` is given the plain function, also for a `staticmethod` or `classmethod`.
    """
    if isinstance(function, (staticmethod, classmethod)):
        descriptor = cast("Any", function)
        inner = wrapped(descriptor.__func__, compile_begin)
        return cast("Callable[P, R]", type(descriptor)(inner))
    wrap = _wrapper_for(function)
    return cast("Callable[P, R]", wrap(function, compile_begin(function)))


def _wrapper_for(function: Callable[..., Any]) -> Callable[[Any, Begin], Any]:
    call = getattr(function, "__call__", None)  # noqa: B004 - an object may be async in its __call__
    if inspect.isasyncgenfunction(function) or inspect.isasyncgenfunction(call):
        return _async_generator
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call):
        return _coroutine
    if inspect.isgeneratorfunction(function) or inspect.isgeneratorfunction(call):
        return _generator
    return _function


def _function(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        operation = begin(args, kwargs)
        operation.attach()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            operation.fail(error)
            raise
        operation.succeed(result, args, kwargs)
        return result

    return call


def _coroutine(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        operation = begin(args, kwargs)
        operation.attach()
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            operation.fail(error)
            raise
        operation.succeed(result, args, kwargs)
        return result

    return call


def _generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    def steps(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        operation = begin(args, kwargs)
        closing = False
        try:
            body = function(*args, **kwargs)
            resume, given = body.send, None
            while True:
                operation.attach()
                try:
                    item = resume(given)
                except StopIteration as stop:
                    result = stop.value
                    break
                finally:
                    given = None  # a thrown exception must not live on in this frame
                operation.suspend()
                try:
                    given = yield item
                    resume = body.send
                except BaseException as error:  # noqa: BLE001 - the body decides what it means
                    resume, given = body.throw, error
                    closing = isinstance(error, GeneratorExit)
        except BaseException as error:
            operation.fail(error)
            raise
        if closing:
            operation.cancel()
        else:
            operation.succeed(result, args, kwargs)
        return result

    return steps


def _async_generator(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    @functools.wraps(function)
    async def steps(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        operation = begin(args, kwargs)
        closing = False
        try:
            body = function(*args, **kwargs)
            resume, given, step = body.asend, None, _first_step(body)
            while True:
                operation.attach()
                try:
                    item = await (resume(given) if step is None else step)
                except StopAsyncIteration:
                    break
                finally:
                    given = step = None
                operation.suspend()
                try:
                    given = yield item
                    resume = body.asend
                except BaseException as error:  # noqa: BLE001 - the body decides what it means
                    resume, given = body.athrow, error
                    closing = isinstance(error, GeneratorExit)
        except BaseException as error:
            operation.fail(error)
            raise
        if closing:
            operation.cancel()
        else:
            operation.succeed(None, args, kwargs)

    return steps


def _first_step(body: AsyncGenerator[Any, Any]) -> Any:
    """The awaitable of the first step, made while the event loop is not told of `body`.

    A loop that shuts down closes every generator it was told of, at once. It would close the body
    while we pass its closing of us on to the body, and "is already running" is what comes of that.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(firstiter=None, finalizer=None)
    try:
        return body.asend(None)
    finally:
        sys.set_asyncgen_hooks(*hooks)
