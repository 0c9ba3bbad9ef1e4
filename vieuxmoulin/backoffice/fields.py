"""Fields that several pages share."""

from typing import Any

from unfold.widgets import UnfoldAdminTextInputWidget


class DateTimeInput(UnfoldAdminTextInputWidget):
    """The browser's own date and time picker: what a telephone does best."""

    input_type = "datetime-local"

    def format_value(self, value: Any) -> Any:
        return value.strftime("%Y-%m-%dT%H:%M") if hasattr(value, "strftime") else value
