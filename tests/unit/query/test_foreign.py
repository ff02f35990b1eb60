"""Questions in German, Spanish and French: words of tables are read, and no negation is lost."""

import pytest
from benchmarks.queries import load_queries
from benchmarks.queries.everyday_home import everyday_lexicon
from benchmarks.queries.simulated import TEMPLATES
from everyday_reading import read

from discover.core.reading import parse_yaml
from discover.query import ParsedQuery
from discover.query.foreign import _TABLES, _fold, _text, language_of

LANGUAGES = {"german": "German", "spanish": "Spanish", "french": "French"}


def told(query: ParsedQuery) -> str:
    return "; ".join([query.asks, *query.describe()])


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Wie oft war sie nachts auf der Toilette?", "how often; at or in the toilet; hours 21:00–5:00"),
        ("wie oft war letzte Woche jemand nachts auf?",
         "how often; getting up; hours 21:00–5:00; days 2024-05-06 to 2024-05-12"),
        ("Wann steht er normalerweise auf?", "when; getting up"),
        ("wann wurde der Kuehlschrank zuletzt geoeffnet", "last; at or in the fridge"),
        ("länger als zwei Stunden außer Haus", "find; going out; lasting 2 h or more"),
        ("nach 22 Uhr in der Küche", "find; at or in the kitchen; hours 22:00–24:00"),
        ("Küche und dann Bad", "find; at or in the kitchen then at or in the bathroom"),
        ("Hat sie gestern ihre Tabletten genommen?", "whether; taking medicine; days 2024-05-14"),
        ("Gestern war niemand in der Küche", "find; not at or in the kitchen; days 2024-05-14"),
        ("Hat sie gestern die Tabletten nicht genommen?", "whether; not taking medicine; days 2024-05-14"),
        ("nachts in der Küche, aber nicht am Kühlschrank",
         "find; at or in the kitchen; not at or in the fridge; hours 21:00–5:00"),
        ("nicht im Bad und nicht in der Küche", "find; not at or in the bathroom; not at or in the kitchen"),
        ("ohne in die Küche zu gehen", "find; not at or in the kitchen"),
        ("¿Cuántas veces fue al baño por la noche?",
         "how often; at or in the bathroom; hours 21:00–5:00"),
        ("¿A qué hora se levanta?", "when; getting up"),
        ("se duchó ayer por la mañana", "find; showering; hours 5:00–12:00; days 2024-05-14"),
        ("más de dos horas fuera de casa", "find; going out; lasting 2 h or more"),
        ("la semana pasada en la cocina y luego en el baño",
         "find; at or in the kitchen then at or in the bathroom; days 2024-05-06 to 2024-05-12"),
        ("no había nadie en la cocina", "find; not at or in the kitchen"),
        ("no ha dormido la siesta", "find; not napping"),
        ("no salió ni durmió", "find; not going out; not sleeping"),
        ("Combien de fois est-elle allée aux toilettes la nuit ?",
         "how often; at or in the toilet; hours 21:00–5:00"),
        ("combien de temps regarde-t-il la télé le soir ?",
         "how long; watching television; hours 17:00–21:00"),
        ("quelqu’un ouvre le frigo la nuit", "find; at or in the fridge; hours 21:00–5:00"),
        ("une personne dans la cuisine", "find; at or in the kitchen"),
        ("personne dans la cuisine hier", "find; not at or in the kitchen; days 2024-05-14"),
        ("il n'est jamais allé dans la salle de bain lundi",
         "find; not at or in the bathroom; weekdays Monday"),
        ("elle n'est pas sortie", "find; not going out"),
    ],
)  # fmt: skip
def test_words_of_the_tables_are_read(question: str, expected: str) -> None:
    query = read(question)
    assert (told(query), query.unread) == (expected, ())
    assert query.text == question
    assert "by a list of words, as: " in query.notes[-1]
    assert query.refused is None


@pytest.mark.parametrize(
    "question",
    [
        "nicht im Bad und in der Küche",
        "Hat das Klavier nicht gespielt, war in der Küche",
        "nicht länger als zehn Minuten im Bad",
        "kein Frühstück in der Küche",
        "nunca cena en el comedor",
        "elle n'a pas dormi dans la chambre",
        "elle n'a mangé que le matin",
        "pas avant 8 heures dans la cuisine",
    ],
)
def test_a_negation_that_is_not_plain_is_refused(question: str) -> None:
    query = read(question)
    assert query.refused == "language"
    assert not query.wanted
    assert "It is not plain what" in query.notes[-1]


@pytest.mark.parametrize("language", _TABLES)
def test_no_negation_turns_into_its_opposite(language: str) -> None:
    table = parse_yaml(_text(f"{language}.yaml"), language)
    negations = [w for kind in ("negations", "without", "nobody") for w in table[kind]]
    kitchen, bed = table["places"]["in the kitchen"][0], table["places"]["in the bedroom"][0]
    joins = [w for words in table["joins"].values() for w in words]
    sentences = []
    for negation in negations:
        sentences += [f"{negation} {kitchen}", f"{kitchen} {negation}", f"zzz {negation}, {kitchen}"]
        sentences += [f"{negation} zzz {kitchen}", f"{kitchen} zzz {negation}", f"{negation} {kitchen} {bed}"]
        sentences += [f"{negation} {kitchen} {join} {bed}" for join in joins]
        sentences += [f"{negation} {binds} {kitchen}" for binds in table["binds"]]
    for sentence in sentences:
        query = read(sentence)
        names = [t.name for t in query.unwanted]
        assert query.refused or "kitchen" in names, sentence
        assert "kitchen" not in [t.name for t in query.wanted], sentence


@pytest.mark.parametrize("language", _TABLES)
def test_every_word_of_a_table_is_read_as_its_english(language: str) -> None:
    table = parse_yaml(_text(f"{language}.yaml"), language)
    owners: dict[str, str] = {}
    for kind in ("places", "activities", "times"):
        for english, others in table[kind].items():
            plain = english.format(c="8:00", n="two", u="hours") if "{" in english else english
            expected = read(f"someone {plain}")
            known = kind != "places" or english.split(" the ")[1] in everyday_lexicon()
            assert kind == "times" or not known or len(expected.wanted) == 1, english
            for other in others:
                assert owners.setdefault(_fold(other), english) == english, other
                query = read(other.replace(" $", "").format(c="8", n="2", u=table["units"]["hours"][-1]))
                # A word that English has too is read as English.
                if query.notes and LANGUAGES[language] in query.notes[-1]:
                    assert [t.name for t in query.wanted] == [t.name for t in expected.wanted], other
                    assert (query.hours, query.days, query.weekdays, query.lasts) == (
                        expected.hours, expected.days, expected.weekdays, expected.lasts,
                    ), other  # fmt: skip


def test_english_stays_english() -> None:
    texts = [text for template in TEMPLATES for text in template.development]
    texts += [query.text for query in load_queries("main").queries]
    texts += ["the week before Christmas", "coffee in the salon", "8:00", "!!"]
    assert [text for text in texts if language_of(text)] == []


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Quante volte è andata in bagno di notte?", "Italian"),
        ("hoe vaak was ze vannacht in de keuken", "Dutch"),
        ("quantas vezes ela foi ao banheiro ontem", "Portuguese"),
        ("ile razy była w kuchni w nocy", "Polish"),
        ("кто был на кухне ночью", "a language of another script"),
    ],
)
def test_other_languages_are_refused_by_name(question: str, language: str) -> None:
    query = read(question)
    assert (query.refused, query.wanted) == ("language", ())
    assert query.notes == (f"The question is in {language}, of which nothing was read.",)


def test_words_of_no_table_are_listed() -> None:
    query = read("schläft sie am Klavier?")
    assert (query.unread, [thing.name for thing in query.wanted]) == (("Klavier",), ["sleeping"])


@pytest.mark.parametrize(
    "question",
    ["schläft sie weniger als im Frühling?", "nur in der Küche", "siempre en la cocina", "toujours au salon"],
)
def test_a_word_that_changes_the_question_is_not_left_out(question: str) -> None:
    query = read(question)
    assert (query.refused, query.wanted) == ("language", ())
    assert "which no table reads" in query.notes[-1]
