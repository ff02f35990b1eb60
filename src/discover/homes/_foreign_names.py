"""Names of rooms, things and kinds of sensors in German, Dutch, French, Spanish, Italian and Swedish."""

import re
import unicodedata

__all__ = ["FOREIGN_ROOMS", "NOT_IN_NAMES", "bare", "in_english"]

_ROOMS = {
    # room -> German, Dutch, French, Spanish, Italian, Swedish; accents left out
    "living_room": "wohnzimmer stube woonkamer salon sala soggiorno vardagsrum",
    "kitchen": "kuche kueche keuken cuisine cocina cucina kok",
    "bedroom": "schlafzimmer slaapkamer chambre dormitorio camera sovrum",
    "bathroom": "bad badezimmer badkamer bano bagno badrum gastebad",
    "guest_bathroom": "gaste-wc gaestewc gastewc",
    "hallway": "flur diele gang hal couloir pasillo corridoio hallen",
    "entrance": "eingang hauseingang windfang entree entrada ingresso",
    "office": "buro buero arbeitszimmer kantoor bureau oficina ufficio kontor",
    "dining_room": "esszimmer eetkamer comedor matrum",
    "nursery": "kinderzimmer kinderkamer barnrum",
    "guest_room": "gastezimmer gaestezimmer logeerkamer gastrum",
    "laundry_room": "waschkuche waschkueche hauswirtschaftsraum hwr buanderie lavadero lavanderia tvattstuga",
    "attic": "dachboden zolder grenier atico soffitta vind",
    "basement": "keller kelder cave sotano cantina kallare",
    "garage": "garage garaje",
    "stairs": "treppe treppenhaus trap escalier escalera scale trappa",
}
_THINGS = {
    # thing, or kind of sensor -> German, Dutch, French, Spanish
    "fridge": "kuhlschrank kuehlschrank koelkast frigo refrigerateur nevera frigorifico",
    "freezer": "gefrierschrank tiefkuhler vriezer congelateur congelador",
    "stove": "herd kochfeld fornuis cuisiniere cocinilla",
    "oven": "backofen ofen horno",
    "microwave": "mikrowelle magnetron microondas",
    "kettle": "wasserkocher waterkoker bouilloire hervidor",
    "coffee machine": "kaffeemaschine koffiezetapparaat cafetiere cafetera",
    "dishwasher": "geschirrspuler spulmaschine spuelmaschine vaatwasser lavavajillas",
    "washing machine": "waschmaschine wasmachine lavadora",
    "dryer": "trockner droger secadora",
    "television": "fernseher fernsehen televisie televiseur televisor",
    "front door": "haustur haustuer wohnungstur wohnungstuer eingangstur voordeur",
    "door": "tur tuer deur porte puerta",
    "window": "fenster raam fenetre ventana",
    "bed": "bett cama",
    "couch": "sofa bank canape",
    "armchair": "sessel fauteuil sillon",
    "table": "tisch tafel mesa",
    "dining table": "esstisch eettafel",
    "desk": "schreibtisch escritorio",
    "chair": "stuhl stoel silla",
    "toilet": "toilette klo inodoro",
    "shower": "dusche douche ducha",
    "bathtub": "badewanne baignoire banera",
    "sink": "spule spuele waschbecken wastafel gootsteen evier lavabo fregadero",
    "wardrobe": "kleiderschrank kledingkast armario",
    "medicine cabinet": "medizinschrank medicijnkast",
    "cupboard": "schrank kast placard",
    "drawer": "schublade cajon",
    "motion": "bewegung bewegungsmelder beweging mouvement movimiento",
    "presence": "anwesenheit prasenz aanwezigheid presencia",
    "contact": "kontakt contacto",
    "power": "strom steckdose leistung stopcontact prise enchufe",
    "switch": "schalter schakelaar interrupteur interruptor",
    "light": "licht lampe lamp lumiere luz",
    "temperature": "temperatur temperatuur temperatura",
}
FOREIGN_ROOMS = {name: room for room, names in _ROOMS.items() for name in names.split()}
NOT_IN_NAMES = frozenset({"camera", "cave", "gang", "hal", "kok", "sala", "scale", "trap", "vind", "bank"})
"""Words that mean something else in the name of a device."""
_ENGLISH = {
    name: english.replace("_", " ")
    for listed in (_ROOMS, _THINGS)
    for english, names in listed.items()
    for name in names.split()
    if name not in NOT_IN_NAMES
}
_ENDINGS = ("tur", "tuer", "fenster", "licht", "lampe", "tisch", "schrank", "deur", "kast")


def in_english(name: str) -> str:
    """`Küche_Kühlschrank_Kontakt` -> `kitchen fridge contact`; a name without foreign words stays."""
    return re.sub(r"[^\W\d_]+", _words, name)


def bare(text: str) -> str:
    """Lower case without accents."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def _words(found: re.Match[str]) -> str:
    parts = re.findall(r"[^\W\d_a-zß-öø-ÿ]*[a-zß-öø-ÿ]+|[^\W\d_]+", found[0])
    read = [_word(part) for part in parts]
    return " ".join(read) if read != parts else found[0]


def _word(word: str) -> str:
    """One word; of a compound such as `Kuechentuer` the parts that are known."""
    plain = bare(word)
    if plain in _ENGLISH:
        return _ENGLISH[plain]
    ending = next((e for e in _ENDINGS if plain.endswith(e) and len(plain) > len(e) + 2), "")
    first = plain.removesuffix(ending)
    begin = next((b for b in (first, first.removesuffix("n"), first.removesuffix("s")) if b in _ENGLISH), "")
    known = [_ENGLISH[part] for part in (begin, ending) if part]
    return " ".join(known) if known and (ending or begin != first) else word
