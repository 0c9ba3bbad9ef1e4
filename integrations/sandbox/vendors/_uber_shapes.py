"""The shapes of what Uber Eats takes, as JSON Schemas (API v2, read 2026): a whole menu, and a change of one item."""

from typing import Any

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
MAX_EXTERNAL_DATA = 1024
TEXT = {"type": "object", "required": ["translations"], "properties": {"translations": {"type": "object"}}}
ENTITIES = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id", "type"],
        "properties": {"id": {"type": "string"}, "type": {"const": "ITEM"}},
    },
}
WEEK = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["day_of_week", "time_periods"],
        "properties": {
            "day_of_week": {"enum": list(DAYS)},
            "time_periods": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["start_time", "end_time"],
                    "properties": {
                        "start_time": {"type": "string", "pattern": CLOCK},
                        "end_time": {"type": "string", "pattern": CLOCK},
                    },
                },
            },
        },
    },
}
PRICE = {
    "type": "object",
    "required": ["price"],
    "properties": {
        "price": {"type": "integer", "minimum": 0},
        "overrides": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["context_type", "context_value", "price"],
                "properties": {
                    "context_type": {"enum": ["MENU", "ITEM", "MODIFIER_GROUP"]},
                    "context_value": {"type": "string"},
                    "price": {"type": "integer", "minimum": 0},
                },
            },
        },
    },
}
SUSPENSION = {
    "type": ["object", "null"],
    "properties": {
        "suspension": {
            "type": ["object", "null"],
            "properties": {
                "suspend_until": {"type": ["integer", "null"], "minimum": 0, "maximum": 99_999_999_999},
                "reason": {"type": ["string", "null"]},
            },
        }
    },
}
ITEM_PARTS: dict[str, Any] = {
    "description": TEXT,
    "price_info": PRICE,
    "suspension_info": SUSPENSION,
    "tax_info": {"type": "object", "properties": {"vat_rate_percentage": {"type": "number", "minimum": 0}}},
    "modifier_group_ids": {
        "type": "object",
        "properties": {"ids": {"type": "array", "items": {"type": "string"}}},
    },
    "nutritional_info": {
        "type": "object",
        "properties": {"allergens": {"type": "array", "items": {"type": "string"}}},
    },
    "dish_info": {
        "type": "object",
        "properties": {
            "classifications": {
                "type": "object",
                "properties": {
                    "can_serve_alone": {"type": "boolean"},
                    "alcoholic_items": {"type": "integer", "minimum": 0},
                    "dietary_label_info": {
                        "type": "object",
                        "properties": {
                            "labels": {"type": "array", "items": {"enum": ["VEGAN", "VEGETARIAN", "GLUTEN_FREE"]}}
                        },
                    },
                },
            }
        },
    },
    "visibility_info": {
        "type": "object",
        "properties": {
            "hours": {
                "type": "array",
                "items": {"type": "object", "properties": {"hours_of_week": WEEK}},
            }
        },
    },
    "image_url": {"type": "string", "pattern": "^https?://"},
    "external_data": {"type": "string", "maxLength": MAX_EXTERNAL_DATA},
}
# What a sparse update may touch; names, texts and taxes need the whole menu.
SPARSE = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        "price_info": PRICE,
        "suspension_info": SUSPENSION,
        "menu_type": {"const": "MENU_TYPE_FULFILLMENT_DELIVERY"},
        **{name: {"type": "object"} for name in ("product_info", "beverage_info", "selling_info")},
        "nutritional_info": ITEM_PARTS["nutritional_info"],
        "classifications": {"type": "object"},
    },
}
SHAPE = {
    "type": "object",
    "required": ["menus", "categories", "items", "modifier_groups"],
    "properties": {
        "menus": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "title", "category_ids"],
                "properties": {
                    "id": {"type": "string"},
                    "title": TEXT,
                    "category_ids": {"type": "array", "items": {"type": "string"}},
                    "service_availability": WEEK,
                },
            },
        },
        "categories": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "title", "entities"],
                "properties": {"id": {"type": "string"}, "title": TEXT, "entities": ENTITIES},
            },
        },
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "title", "price_info", "tax_info"],
                "properties": {"id": {"type": "string"}, "title": TEXT, **ITEM_PARTS},
            },
        },
        "modifier_groups": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "title", "quantity_info", "modifier_options"],
                "properties": {
                    "id": {"type": "string"},
                    "title": TEXT,
                    "quantity_info": {
                        "type": "object",
                        "properties": {
                            "quantity": {
                                "type": "object",
                                "properties": {
                                    "min_permitted": {"type": "integer", "minimum": 0},
                                    "max_permitted": {"type": "integer", "minimum": 0},
                                },
                            }
                        },
                    },
                    "modifier_options": ENTITIES,
                },
            },
        },
    },
}
