"""The screens that speak on several channels or ask the orchestrator; those of one app are in its own `admin.py`."""

from django.contrib import admin

from campaigns.models import Automation, AutomationRun, Campaign, Content, Conversion, Phase, PhaseAction
from menus.models import Item, Menu
from vieuxmoulin.backoffice.alerts import AlertAdmin
from vieuxmoulin.backoffice.api_clients import ApiClientAdmin
from vieuxmoulin.backoffice.automations import AutomationAdmin, AutomationRunAdmin
from vieuxmoulin.backoffice.campaigns import CampaignAdmin
from vieuxmoulin.backoffice.cards import MenuAdmin
from vieuxmoulin.backoffice.contents import ContentAdmin
from vieuxmoulin.backoffice.conversions import ConversionAdmin
from vieuxmoulin.backoffice.dishes import ItemAdmin
from vieuxmoulin.backoffice.journal import TaskAdmin
from vieuxmoulin.backoffice.phases import PhaseActionAdmin, PhaseAdmin
from vieuxmoulin.backoffice.third_party import dress
from vieuxmoulin.models import Alert, ApiClient, Task

admin.site.register(Content, ContentAdmin)
admin.site.register(Campaign, CampaignAdmin)
admin.site.register(Phase, PhaseAdmin)
admin.site.register(PhaseAction, PhaseActionAdmin)
admin.site.register(Conversion, ConversionAdmin)
admin.site.register(Automation, AutomationAdmin)
admin.site.register(AutomationRun, AutomationRunAdmin)
admin.site.register(Menu, MenuAdmin)
admin.site.register(Item, ItemAdmin)
admin.site.register(Task, TaskAdmin)
admin.site.register(Alert, AlertAdmin)
admin.site.register(ApiClient, ApiClientAdmin)
dress()
