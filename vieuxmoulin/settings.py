"""Settings, all read from the environment; `.env.example` lists every name with its meaning.

A secret may also come from a file (Docker secrets): NAME_FILE holds the path, NAME wins when both are set.
"""

import logging
import os
from pathlib import Path

import environ
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from integrations.logs import configure_structlog, logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()
# The tests must not depend on what a developer keeps in .env.
if env.bool("READ_DOT_ENV", default=True):
    environ.Env.read_env(BASE_DIR / ".env")

# --- What this instance is -------------------------------------------------------------------------------------------
# demo: everything on one machine, in one process, with the vendors played by the sandbox. production: real vendors.
PRODUCTION = env.bool("PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
SANDBOX = env.bool("SANDBOX", default=not PRODUCTION)
PORT = env.int("PORT", default=8000)
PUBLIC_URL = env("PUBLIC_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
# A new house shows itself once at its first start, against the sandbox.
PLAY_DEMO = env.bool("PLAY_DEMO", default=SANDBOX)
RESTAURANT_NAME = env("RESTAURANT_NAME", default="Le Vieux Moulin")
# As letters name their sender, which the law asks for.
RESTAURANT_ADDRESS = env("RESTAURANT_ADDRESS", default="Vensac (Gironde)")
# Where it is, for distances: Vensac.
RESTAURANT_LATITUDE = env.float("RESTAURANT_LATITUDE", default=45.4)
RESTAURANT_LONGITUDE = env.float("RESTAURANT_LONGITUDE", default=-1.03)

# --- Secrets and hosts -----------------------------------------------------------------------------------------------
# No default: `./run setup` makes them once and keeps them in .env; checks name what is missing or weak.
SECRET_KEY = env("SECRET_KEY", default="")
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[])
BLIND_INDEX_KEY = env("BLIND_INDEX_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if not PRODUCTION else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- Applications ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "rest_framework",
    "oauth2_provider",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_structlog",
    "axes",
    "csp",
    "integrations.apps.IntegrationsConfig",
    "campaigns.apps.CampaignsConfig",
    "social.apps.SocialConfig",
    "notifications.apps.NotificationsConfig",
    "menus.apps.MenusConfig",
    "vieuxmoulin.apps.VieuxMoulinConfig",
]
if SANDBOX:
    INSTALLED_APPS.append("integrations.sandbox.apps.SandboxConfig")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "vieuxmoulin.doorkeeper.SignedOut",
]
ROOT_URLCONF = "vieuxmoulin.urls"
WSGI_APPLICATION = "vieuxmoulin.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database --------------------------------------------------------------------------------------------------------
# DB_CONNECTION_STRING is the mission's name for DATABASE_URL.
VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)
DATABASE_URL = env("DATABASE_URL", default=env("DB_CONNECTION_STRING", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}"))
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: a transaction that reads then writes takes its lock at once instead of failing midway.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;PRAGMA cache_size=-20000;",
    }
else:
    DATABASES["default"]["ENGINE"] = "vieuxmoulin.postgresql"
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- Cache -----------------------------------------------------------------------------------------------------------
REDIS_URL = env("REDIS_URL", default="")
CACHES = {
    "default": {
        # Goes on without Redis while that is away.
        "BACKEND": "integrations.shared_cache.SharedCache",
        "LOCATION": REDIS_URL,
        # One that holds the line and says no word is as good as away.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }
    if REDIS_URL
    # Beyond so many entries it forgets, the breakers and rates among them.
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 20_000}}
}

# --- Queue (law 1: rows are the truth, so the broker may be lost) ----------------------------------------------------
BROKER_URL = env("BROKER_URL", default="")
EMBEDDED = not BROKER_URL
CELERY_BROKER_URL = BROKER_URL or "memory://localhost/"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# Once, at once: a line that broke is only noticed when it is used, and is only made again by a retry. Without it, the beat
# would keep its dead line to RabbitMQ for ever. A broker that is away refuses the second try just as fast.
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
# Our priorities go from 0, urgent, to 9. Redis reads them so; RabbitMQ serves the highest number first.
HIGHEST_NUMBER_FIRST = BROKER_URL.startswith("amqp")
if HIGHEST_NUMBER_FIRST:
    CELERY_TASK_QUEUE_MAX_PRIORITY = 9
# A broker that is away is noticed at once: whoever queues something must not wait for it, the sweep comes by.
CELERY_BROKER_TRANSPORT_OPTIONS = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1} | (
    {
        "visibility_timeout": 3600,
        "socket_connect_timeout": 2,
        "priority_steps": [0, 3, 6, 9],
        "queue_order_strategy": "priority",
    }
    if BROKER_URL.startswith("redis")
    else {}
)
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_DEFAULT_QUEUE = "campaigns"
CELERY_TASK_ROUTES = {
    "social.tasks.*": {"queue": "publish"},
    "notifications.tasks.*": {"queue": "notify"},
    "menus.tasks.*": {"queue": "menus"},
    "campaigns.tasks.*": {"queue": "campaigns"},
    "campaigns.analytics.tasks.*": {"queue": "analytics"},
    "integrations.tasks.*": {"queue": "webhooks"},
    # They wait for other modules, which campaigns must not.
    "vieuxmoulin.tasks.read_stream": {"queue": "webhooks"},
    "vieuxmoulin.tasks.tell_crm": {"queue": "webhooks"},
    # They count, and nobody waits for them.
    "vieuxmoulin.tasks.count_conversions": {"queue": "analytics"},
    "vieuxmoulin.tasks.watch_goals": {"queue": "analytics"},
    "vieuxmoulin.tasks.*": {"queue": "campaigns"},
}
QUEUES = ("publish", "notify", "menus", "campaigns", "webhooks", "analytics")
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Europe/Paris"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# Celery closes the connection around every task otherwise, whatever CONN_MAX_AGE says.
CELERY_DB_REUSE_MAX = env.int("CELERY_DB_REUSE_MAX", default=1000)

# How far this worker gives way to other processes of the machine, from 0 to 19: see precedence.py.
WORKER_NICE = env.int("WORKER_NICE", default=0)

# A dish that ran out only comes back when there is enough of everything for so many portions.
STOCK_BACK_PORTIONS = env.int("STOCK_BACK_PORTIONS", default=3)
# The pace of the sweep that keeps every promise (law 1), and of the rounds to the neighbouring modules.
SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=60)
# What the sweep queued and nobody took within this is thought lost, and queued again.
REQUEUE_SECONDS = env.float("REQUEUE_SECONDS", default=90.0)
# How long a worker holds a row before it is thought dead, and how long after an unanswered send we look for it.
CLAIM_LEASE_SECONDS = env.float("CLAIM_LEASE_SECONDS", default=300.0)
READ_BACK_SECONDS = env.float("READ_BACK_SECONDS", default=45.0)
# What a service refused for a while is tried again after this, then after twice, four times… as long; an hour at most.
RETRY_FIRST_SECONDS = env.float("RETRY_FIRST_SECONDS", default=60.0)

# --- Language and time -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "fr"
# One language: an English browser would otherwise get the libraries in English and our own words in French.
LANGUAGES = [("fr", _("Français"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Paris"
USE_TZ = True

# --- Static files and media ------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(VAR_DIR / "static")))
MEDIA_URL = "media/"
MEDIA_ROOT = VAR_DIR / "media"
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- Outside world ---------------------------------------------------------------------------------------------------
# Every connector reads <SLUG>_BASE_URL and its other settings from here; with the sandbox on, its address is the sandbox's.
CONNECTOR_ENV = os.environ
SANDBOX_URL = env("SANDBOX_URL", default=f"http://127.0.0.1:{PORT}/bac-a-sable/api").rstrip("/")
HTTP_CONNECT_TIMEOUT = env.float("HTTP_CONNECT_TIMEOUT", default=3.05)
HTTP_READ_TIMEOUT = env.float("HTTP_READ_TIMEOUT", default=20.0)
HTTP_MIN_TLS = env("HTTP_MIN_TLS", default="1.3")
# Hosts that user-given addresses may reach although they are private; the instance itself when it plays the vendors.
PRIVATE_HOSTS_ALLOWED = env.list(
    "PRIVATE_HOSTS_ALLOWED", default=[f"127.0.0.1:{PORT}", f"localhost:{PORT}"] if SANDBOX else []
)
WEBHOOK_SECRET = env("WEBHOOK_SECRET", default="")
WEBHOOK_ALLOWED_SOURCES = env.list("WEBHOOK_ALLOWED_SOURCES", default=["recipes", "crm", "accounting", "iot"])
# Networks that other modules may call from, as 10.0.0.0/8; empty: from anywhere.
WEBHOOK_ALLOWED_NETWORKS = env.list("WEBHOOK_ALLOWED_NETWORKS", default=[])
# So many failures in a row, and a service is let rest before it is called again; 0: never.
BREAKER_FAILURES = env.int("BREAKER_FAILURES", default=5)
# How long its first rest is; the next ones are twice as long, up to ten minutes.
BREAKER_REST_SECONDS = env.float("BREAKER_REST_SECONDS", default=30.0)
# So many refused calls within an hour are told to staff.
WEBHOOK_BURST = env.int("WEBHOOK_BURST", default=20)
WEBHOOK_MAX_BYTES = env.int("WEBHOOK_MAX_BYTES", default=262_144)

# Read the neighbouring modules (CRM, recipes, IoT, accounting) by ourselves; off: only when a person asks.
MODULES_SYNC = env.bool("MODULES_SYNC", default=True)
# How long a module may be away, or answer nonsense, before staff are told.
MODULE_ALERT_MINUTES = env.int("MODULE_ALERT_MINUTES", default=30)
# Dishes that sell little: a draft of a campaign each week (off: by the button only), the discount it starts from, what
# must at least be left of a price before tax, and the share of its category's median below which a dish is slow.
SLOW_DISHES_WEEKLY = env.bool("SLOW_DISHES_WEEKLY", default=False)
SLOW_DISHES_DISCOUNT = env.int("SLOW_DISHES_DISCOUNT", default=15)
MARGIN_FLOOR_PERCENT = env.int("MARGIN_FLOOR_PERCENT", default=60)
SLOW_DISHES_SHARE = env.float("SLOW_DISHES_SHARE", default=0.4)

# Legal and decent hours of marketing; off only where no real guest can be reached, as in the sandbox at night.
QUIET_HOURS = env.bool("QUIET_HOURS", default=not SANDBOX)
# Marketing messages one guest may get in seven days, all channels and campaigns together.
FREQUENCY_CAP = env.int("FREQUENCY_CAP", default=4 if not SANDBOX else 1000)
# How long the link of a confirmation e-mail is good for (double opt-in).
SUBSCRIPTION_LINK_DAYS = env.int("SUBSCRIPTION_LINK_DAYS", default=7)

# What one part of an SMS costs, in euros, by service.
SMS_PART_COST = env.json("SMS_PART_COST", default={"default": "0.07"})

# Who is told of alerts beside the staff who can act on them (the users of the back-office that have an address).
ALERT_EMAILS = env.list("ALERT_EMAILS", default=[])

# What Meta's webhook handshake must show (/webhooks/meta/); empty: no handshake is answered.
META_VERIFY_TOKEN = env("META_VERIFY_TOKEN", default="")
# Planned posts of one account keep this distance, and two campaigns on one network that one.
POST_SPACING_MINUTES = env.int("POST_SPACING_MINUTES", default=30)
CAMPAIGN_SPACING_MINUTES = env.int("CAMPAIGN_SPACING_MINUTES", default=120)

# --- REST API --------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["vieuxmoulin.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["vieuxmoulin.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["vieuxmoulin.api.parsing.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "vieuxmoulin.api.pagination.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "vieuxmoulin.api.schema.ResourceSchema",
    "DEFAULT_THROTTLE_CLASSES": ["vieuxmoulin.api.throttling.ClientThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "client": env("API_RATE", default="600/min"),
        "webhook": env("WEBHOOK_RATE", default="1200/min"),
        "token": env("TOKEN_RATE", default="60/min"),
    },
    "EXCEPTION_HANDLER": "vieuxmoulin.api.errors.handle",
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
}
# A notification to 10 000 named guests takes half of it.
API_MAX_BYTES = env.int("API_MAX_BYTES", default=1_048_576)
API_SCOPES = {
    "status:read": "Lire l'état du service",
    "campaigns:read": "Lire les campagnes",
    "campaigns:write": "Créer et conduire les campagnes",
    "publish": "Publier des contenus",
    "notify": "Envoyer des notifications",
    "analytics:read": "Lire les statistiques",
    "menus:read": "Lire les menus",
    "menus:write": "Mettre à jour les menus",
    "contacts:read": "Lire les contacts",
    "contacts:write": "Modifier les contacts",
    "tasks:read": "Suivre les tâches",
    "webhooks:write": "Gérer les webhooks sortants",
}
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
OAUTH2_PROVIDER = {
    "SCOPES": API_SCOPES,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "SCOPES_BACKEND_CLASS": "vieuxmoulin.api.scopes.ClientScopes",
    "OAUTH2_VALIDATOR_CLASS": "vieuxmoulin.api.authentication.Validator",
    # Programs only: the other grants are for people who sign in, and nobody signs in here that way.
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.BackendApplicationServer",
    # RFC 9700: tokens are kept as fingerprints only, travel in the header only, and never come from a password.
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Communication du Vieux Moulin",
    "DESCRIPTION": "Publier, notifier, mettre à jour la carte et conduire les campagnes du restaurant.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "OAUTH2_FLOWS": ["clientCredentials"],
    "OAUTH2_TOKEN_URL": "/o/token/",
    "OAUTH2_SCOPES": API_SCOPES,
    "SCHEMA_PATH_PREFIX": "/api/communication",
    "ENUM_NAME_OVERRIDES": {
        "CampaignStatus": "campaigns.models.Campaign.Status",
        "PublicationStatus": "social.models.Publication.Status",
        "TaskStatus": "vieuxmoulin.models.Task.Status",
        "TaskType": "vieuxmoulin.models.Task.Type",
        "MenuType": "menus.models.Menu.Type",
        "ChannelType": "campaigns.models.Channel.Type",
        "Queued": ["queued"],
        "StockStatus": ["available", "unavailable"],
        "StockKind": ["item", "variant", "option", "formula"],
    },
    "PREPROCESSING_HOOKS": ["vieuxmoulin.api.schema.canonical_only"],
}

# --- Sign-in and browser security ------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_VERBOSE = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^health/"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        # Alpine, bundled by the admin theme, evaluates expressions; public pages carry no script of that kind.
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        # The networks' pages of agreement are reached by a form of ours that redirects there.
        "form-action": ["'self'", "https://www.facebook.com", "https://x.com", "https://accounts.google.com"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}

# --- Journal of security ---------------------------------------------------------------------------------------------
# A year, as the CNIL advises for journals of access; never less than 180 days.
AUDIT_KEPT_DAYS = max(180, env.int("AUDIT_KEPT_DAYS", default=365))

# --- Logs ------------------------------------------------------------------------------------------------------------
LOG_LEVEL = env("LOG_LEVEL", default="info").upper()
LOG_JSON = env.bool("LOG_JSON", default=PRODUCTION)
LOGGING = logging_config(LOG_LEVEL, LOG_JSON)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
# Theirs believes whatever X-Forwarded-For says: see integrations/callers.py.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# One line per request, when it is done.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
configure_structlog()

# --- Back-office -----------------------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": RESTAURANT_NAME,
    "SITE_HEADER": RESTAURANT_NAME,
    "SITE_SUBHEADER": _("Communication & marketing"),
    "SITE_SYMBOL": "restaurant",
    "SITE_URL": "/carte/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "ENVIRONMENT": "vieuxmoulin.backoffice.navigation.environment_badge",
    "DASHBOARD_CALLBACK": "vieuxmoulin.backoffice.home.dashboard",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("favicon.svg")},
    ],
    "STYLES": [lambda request: static("css/backoffice.css")],
    "SCRIPTS": [lambda request: static("js/backoffice.js")],
    "COLORS": {
        "primary": {
            "50": "oklch(97% .012 358)",
            "100": "oklch(94% .025 358)",
            "200": "oklch(88% .05 358)",
            "300": "oklch(79% .08 358)",
            "400": "oklch(67% .12 358)",
            "500": "oklch(55% .14 358)",
            "600": "oklch(45% .13 358)",
            "700": "oklch(39% .115 358)",
            "800": "oklch(33% .095 358)",
            "900": "oklch(28% .075 358)",
            "950": "oklch(19% .05 358)",
        }
    },
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "vieuxmoulin.backoffice.navigation.sidebar",
    },
    "COMMAND": {"search_models": True, "show_history": True},
}
