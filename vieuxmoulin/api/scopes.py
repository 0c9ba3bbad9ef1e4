"""Which scopes a token may carry: those its client was created with, and no others."""

from typing import Any

from oauth2_provider.scopes import SettingsScopes

from vieuxmoulin.models import ApiClient


class ClientScopes(SettingsScopes):
    """A client that was given no scopes by `create_client` gets none; a request that names none gets all of its own."""

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        if application is None:
            return []
        granted = ApiClient.objects.filter(application=application).values_list("scopes", flat=True).first()
        known = self.get_all_scopes()
        return [scope for scope in granted or [] if scope in known]

    def get_default_scopes(self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any) -> list[str]:
        return self.get_available_scopes(application, request)
