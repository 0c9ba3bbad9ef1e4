"""What the public card says around the dishes, in both of its languages, and how it writes prices and dates."""

from datetime import datetime

from menus.languages import FRENCH

NO_BREAK, NARROW = "\u00a0", "\u202f"
WORDS = {
    "fr": {
        "sections": "Sections de la carte",
        "languages": "Langue",
        "skip": "Aller à la carte",
        "formulas": "Formules",
        "filter": "Allergènes et régimes",
        "filter_hint": "Cochez ce que vous évitez : les plats qui en contiennent, ou pourraient en contenir, disparaissent.",
        "avoid": "Je ne mange pas",
        "diets": "Je cherche",
        "apply": "Filtrer la carte",
        "reset": "Tout afficher",
        "print": "Imprimer",
        "staff": "Allergie grave ? Dites-le toujours à l'équipe : tout se prépare dans la même cuisine.",
        "ask_title": "À demander au personnel",
        "ask_about": "Leurs allergènes ne sont pas connus : demandez avant de commander.",
        "ask_mark": "allergènes à demander",
        "shown_none": "Aucun plat ne convient.",
        "shown_one": "1 plat affiché.",
        "shown_many": "{} plats affichés.",
        "allergens_one": "1 plat masqué, car il contient ou peut contenir : {}.",
        "allergens_many": "{} plats masqués, car ils contiennent ou peuvent contenir : {}.",
        "diets_one": "1 plat masqué, car il n'est pas annoncé : {}.",
        "diets_many": "{} plats masqués, car ils ne sont pas annoncés : {}.",
        "ask_one": "1 plat à part, à demander au personnel : ses allergènes ne sont pas connus.",
        "ask_many": "{} plats à part, à demander au personnel : leurs allergènes ne sont pas connus.",
        "hours_one": "1 autre proposition est servie à d'autres heures.",
        "hours_many": "{} autres propositions sont servies à d'autres heures.",
        "all_hours": "Voir toute la carte",
        "all_hours_shown": "Toute la carte, y compris ce qui n'est pas servi en ce moment.",
        "only_now": "Voir ce qui est servi en ce moment",
        "card_hours": "Service : {}.",
        "sold_out": "Épuisé",
        "sold_out_formula": "Épuisée",
        "back_at": "de retour à {}",
        "back_on": "de retour le {}",
        "one_of": "au choix",
        "exactly": "{} au choix",
        "between": "de {} à {} au choix",
        "at_least": "au moins {}",
        "at_most": "facultatif, {} au plus",
        "as_wished": "facultatif, à volonté",
        "spicy": "Piquant {}/3",
        "alcohol": "Contient de l'alcool",
        "serves": "Pour {} personnes",
        "notice": "Prix nets en euros, taxes et service compris",
        "homemade": "Les plats « faits maison » sont élaborés sur place à partir de produits bruts.",
        "health": "L'abus d'alcool est dangereux pour la santé. À consommer avec modération.",
        "news": "Recevoir nos nouvelles",
        "updated": "Carte mise à jour le {}.",
        "whole_page": "Voir la carte sur notre site",
        "no_card": "La carte arrive bientôt",
        "no_card_about": "Le chef la prépare. Revenez dans un moment, ou appelez-nous.",
        "title_end": "{} — {}",
    },
    "en": {
        "sections": "Sections of the menu",
        "languages": "Language",
        "skip": "Skip to the menu",
        "formulas": "Set menus",
        "filter": "Allergens and diets",
        "filter_hint": "Tick what you avoid: dishes that contain it, or may contain it, disappear.",
        "avoid": "I do not eat",
        "diets": "I am looking for",
        "apply": "Filter the menu",
        "reset": "Show everything",
        "print": "Print",
        "staff": "Severe allergy? Always tell our staff: everything is prepared in the same kitchen.",
        "ask_title": "Please ask our staff",
        "ask_about": "Their allergens are not known: ask before you order.",
        "ask_mark": "ask about allergens",
        "shown_none": "No dish fits.",
        "shown_one": "1 dish shown.",
        "shown_many": "{} dishes shown.",
        "allergens_one": "1 dish hidden, since it contains or may contain: {}.",
        "allergens_many": "{} dishes hidden, since they contain or may contain: {}.",
        "diets_one": "1 dish hidden, since it is not stated to be: {}.",
        "diets_many": "{} dishes hidden, since they are not stated to be: {}.",
        "ask_one": "1 dish apart, to ask our staff about: its allergens are not known.",
        "ask_many": "{} dishes apart, to ask our staff about: their allergens are not known.",
        "hours_one": "1 more choice is served at other hours.",
        "hours_many": "{} more choices are served at other hours.",
        "all_hours": "See the whole menu",
        "all_hours_shown": "The whole menu, including what is not served at the moment.",
        "only_now": "See what is served now",
        "card_hours": "Served: {}.",
        "sold_out": "Sold out",
        "sold_out_formula": "Sold out",
        "back_at": "back at {}",
        "back_on": "back on {}",
        "one_of": "choose one",
        "exactly": "choose {}",
        "between": "choose {} to {}",
        "at_least": "at least {}",
        "at_most": "optional, up to {}",
        "as_wished": "optional, as many as you like",
        "spicy": "Spicy {}/3",
        "alcohol": "Contains alcohol",
        "serves": "Serves {}",
        "notice": "Prices in euros, tax and service included",
        "homemade": "Dishes marked “home-made” are prepared on the premises from raw ingredients.",
        "health": "Alcohol abuse is dangerous for your health. Please drink in moderation.",
        "news": "Get our news (in French)",
        "updated": "Menu updated on {}.",
        "whole_page": "See the menu on our site",
        "no_card": "The menu is coming soon",
        "no_card_about": "The chef is working on it. Come back in a moment, or call us.",
        "title_end": "{} — {}",
    },
}
MONTHS = {
    "fr": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}


def euros(cents: int, language: str) -> str:
    """2390 → « 23,90 € » or “€23.90”, with spaces that do not break."""
    whole, rest = divmod(cents, 100)
    if language == FRENCH:
        return f"{whole:,}".replace(",", NARROW) + f",{rest:02d}{NO_BREAK}€"
    return f"€{whole:,}.{rest:02d}"


def day(local: datetime, language: str) -> str:
    """« 1er décembre 2026 » or “1 December 2026”."""
    number = "1er" if language == FRENCH and local.day == 1 else str(local.day)
    return f"{number} {MONTHS[language][local.month - 1]} {local.year}"


def clock(local: datetime, language: str) -> str:
    """« 19 h 30 » or “19:30”."""
    return f"{local.hour}{NO_BREAK}h{NO_BREAK}{local:%M}" if language == FRENCH else f"{local:%H:%M}"


def counted(name: str, number: int, language: str, *more: str) -> str:
    """The sentence `name` for one or for many."""
    words = WORDS[language]
    return words[f"{name}_one"].format(*more) if number == 1 else words[f"{name}_many"].format(number, *more)
