"""One shape for all log lines, ours and the libraries': JSON in production, readable text on a developer's machine."""

from collections.abc import MutableMapping
from typing import Any

import structlog

from integrations.redaction import MASK, SECRET_NAME, redact

# Written by this module or by the framework, never from outside; redacting them would only cost time.
_SAFE_NAMES = frozenset({"timestamp", "level", "logger", "task_id", "correlation_id", "request_id", "duration_ms"})
_MAX_DEPTH = 6


def redact_event(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask secrets and contact points in every value of a log line."""
    for key, value in event.items():
        if key not in _SAFE_NAMES:
            event[key] = _clean(key, value, _MAX_DEPTH)
    return event


def name_correlation(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Give every line the two keys that tie lines together: the request's correlation id and the task at work."""
    event.setdefault("correlation_id", event.get("request_id"))
    event.setdefault("task", event.get("task_id"))
    return event


def _drop_empty(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if value is not None}


def _clean(key: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if SECRET_NAME.search(key):
        return MASK if value else value
    if isinstance(value, MutableMapping | dict) and depth:
        return {redact(str(name)): _clean(str(name), item, depth - 1) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth:
        return [_clean("", item, depth - 1) for item in value]
    return redact(value if isinstance(value, str) else str(value))


def _shared_processors() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def logging_config(level: str, json: bool) -> dict[str, Any]:
    """Return Django's LOGGING. level: "INFO"…; json: one JSON object per line instead of text."""
    # Tracebacks become text before the mask: the renderers' own would show local variables, tokens included.
    processors: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        name_correlation,
        redact_event,
    ]
    if json:
        processors.append(structlog.processors.JSONRenderer(ensure_ascii=False, default=str))
    else:
        processors += [_drop_empty, structlog.dev.ConsoleRenderer(colors=False)]
    line = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": processors,
        "foreign_pre_chain": _shared_processors(),
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level.upper()},
        "loggers": {
            # Django gives these two handlers of their own, which know nothing of the mask.
            "django": {"handlers": [], "propagate": True, "level": level.upper()},
            "django.server": {"handlers": [], "propagate": True, "level": "WARNING"},
            # At DEBUG they print addresses with their query, SQL with its values, and message bodies.
            "urllib3": {"level": "WARNING"},
            "django.db.backends": {"level": "WARNING"},
            "amqp": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
        },
    }


def configure_structlog() -> None:
    """Send structlog's lines through the same formatter as the standard library's."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
