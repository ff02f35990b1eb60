// All words of the viewer, in English and German. {0}, {1} … are filled in. What the server writes is English;
// what it says in fixed words is shown in German by `said`, free sentences (captions, errors) stay as they are.
const en = {
  // Views and keys
  search: "Search", timeline: "Timeline", map: "Map", clusters: "Clusters", changes: "Changes", days: "Days", plan: "Floor plan",
  homes: "Homes", moment: "Moment", views: "Views", home: "Home", skip: "Skip to the content", help: "Help", close: "Close",
  light_dark: "Light or dark", loading: "Loading …", waiting: "Waiting to be opened …",
  help_text: "Ask in plain words, follow a day on the timeline, or circle points on the map. Every view has its own address: copy it to share it.",
  key_search: "Search", key_views: "Views from left to right", key_list: "Through the answers or the days; zoom the timeline", key_enter: "Open",
  key_move: "Move the cursor of the timeline, or a sensor", key_zoom: "Zoom the timeline", key_pan: "Half a screen on or back",
  key_wheel: "Wheel: zoom the timeline; with Shift: move", key_help: "This help",
  read_only: "Read only. Start with --writable to store corrections, names and plans.",
  // Search
  ask_anything: "What happened in this home?", understood: "Understood:", narrow: "Narrow down", from: "From", to: "To", hours: "Hours",
  room: "Room", all_rooms: "All rooms", clear: "Clear", try_one: "Try one of these",
  example_1: "someone opens the fridge at night", example_2: "someone gets up from bed at night and goes to the bathroom",
  example_3: "someone leaves the home in the morning", example_4: "someone cooks in the evening", example_5: "how often does someone open the fridge at night",
  about_home: "{0}: {1} events of {3} sensors in {2} rooms.", n_notes: "What is guessed about this home ({0})",
  n_hits: "{0} moments from {1} windows", no_hits: "Nothing passes these conditions. Remove one, or ask in other words.",
  more_hits: "More moments", back_to_hits: "Back to the answers", choose_hit: "Choose a moment to see its way through the rooms.",
  meets: "meets {0} % of it", edit: "Change", edit_chip: "Change the condition “{0}”", remove: "Remove", restore: "Restore",
  remove_chip: "Remove the condition “{0}”", restore_chip: "Restore the condition “{0}”",
  // Moment
  n_events: "{0} events", play: "Play", pause: "Pause", time_in_moment: "Time in the moment", no_room: "no known room",
  several_people: "several people live here: the line joins events, not persons", why_matched: "Why it matched", likeness: "Likeness of meaning",
  what_happened: "What happened", events_as_table: "Events as a table ({0})", first_of: "The first {0} of {1}.", similar: "Similar moments",
  in_timeline: "On the timeline", share: "Copy address", copied: "Address copied.", export: "Export", events: "Events", windows: "Windows",
  calendar: "Calendar", picture: "Picture", time: "Time", sensor: "Sensor", where: "Where", state: "State",
  plan_alt: "Floor plan: {0}", strip_alt: "Events of {0} sensors from {1} to {2}; the same as a table below",
  // Corrections
  correct: "Correct", what_truly: "What was it truly?", activity: "Activity", store: "Store", stored: "Stored: {0}", undo: "Undo", undone: "Undone.",
  corrections: "Corrections and names", corrections_help: "What you said about moments and selections. Each can be undone.",
  learned: "Recognition follows them.", not_learned: "Recognition does not follow them yet: it runs again when activities are next looked at.",
  none_yet: "None yet.", what: "What", a_name: "name", an_activity: "activity",
  // Timeline
  all_days: "All days", all_sensors: "All sensors", activities: "Activities", show_all: "Show all", year: "Year", month: "Month", week: "Week",
  day: "Day", hour: "Hour", minute: "Minute", zoom_in: "Zoom in", zoom_out: "Zoom out", day_before: "Back", day_after: "On",
  lanes: "Lanes", by_room: "Room", by_type: "Kind of sensor", by_sensor: "Sensor", by_activity: "Activity", by_cluster: "Cluster",
  by_object: "Object", by_company: "Company", open_moment: "Open moment", as_table: "As a table", lasts: "Lasts", confidence: "Confidence",
  first_rows: "The first {0} rows; zoom in for the others.", no_data: "no data",
  timeline_help: "Click to set the cursor, drag to move, double-click or Ctrl and wheel to zoom.",
  sun_help: "Shaded: the sun is down.",
  days_alt: "{0} days as strips of 24 hours; chosen: {1}. Arrow keys choose another day.",
  timeline_alt: "Timeline from {0} {1} to {2} {3}. Arrows move the cursor, plus and minus zoom, Enter opens the moment; the same as a table below.",
  // Map
  colour_by: "Colour by", colour_activity: "Activity", colour_room: "Room", colour_cluster: "Cluster", colour_hour: "Time of day",
  choose_all_of: "Choose all of", legend: "Legend", none: "none", cluster: "Cluster", map_help: "Each point is a window; near points are alike.",
  draw_lasso: "Draw a line around points, or choose a group, to ask what it is.", map_alt: "Map of {0} windows, {1} chosen. “Choose all of” chooses a group without a mouse.",
  what_is_this: "What is this?", n_windows_days: "{0} windows on {1} days", rooms: "Rooms", when_in_day: "When in the day",
  hours_alt: "Most often at {0} o'clock", examples: "Examples", name_it: "Give it a name, or say what activity it is",
  // Patterns
  clusters_help: "Behaviour that recurs, found without labels.", n_windows: "{0} windows", example: "Example", on_map: "On the map",
  changes_help: "More, less, earlier, later: two periods compared, with 95 % intervals.", before: "Before", after: "After", count_by: "Count by",
  compare: "Compare", n_days: "{0} days", no_change: "No change is certain.", measure: "Measure", change: "Change", interval: "95 % interval",
  also_uncertain: "Also what is not certain ({0})", typical_day: "A typical day", unusual_days: "Unusual days", first_and_last: "When the day begins and ends", stands_out: "stands out among all days",
  busy_help: "First and last busy hour: a quarter of the events that an hour of the daytime has. A day counts from 4:00 to 4:00.",
  usually: "Usually from {0} to {1}.", first_event: "Begins", last_event: "Ends",
  typical_alt: "Typical day from {0} days; busiest: {1}", typical_help: "Share of each quarter of an hour, over {0} days; each row has its own scale.",
  // Floor plan
  plan_known: "Places from the home's file. A place belongs to the room of the nearest sensor; draw rooms to say where walls are.", plan_drawn: "Places as they were drawn here.",
  plan_graph: "No places are known: rooms are laid out by how people go from one to the other.", sensors: "Sensors", choose_sensor: "Choose a sensor",
  place: "Place", place_guessed: "place not known", draw_room: "Draw", draw_help: "Click the corners one by one; double-click or “Finish” ends.",
  finish: "Finish", cancel: "Cancel", save: "Save", plan_stored: "The plan is stored.",
  // Homes
  no_uploads: "This app takes no new homes.", drop_here: "Drop a log or a database here", choose_file: "Choose a file",
  drop_help: "CASAS, Home Assistant, CSV and more, or an archive of them; at most {0}. It stays on this computer.", sending: "Sending {0}",
  taken: "{0} is taken and being read.", too_large: "{0} has {1}; at most {2} are taken.", trained: "trained model", untrained: "raw log",
  job_open: "Opening the home", job_recognise: "Recognising activities", job_map: "Drawing the map", job_clusters: "Finding what recurs", job_learn: "Learning from corrections",
};

const de: Record<keyof typeof en, string> = {
  search: "Suche", timeline: "Zeitstrahl", map: "Karte", clusters: "Gruppen", changes: "Änderungen", days: "Tage", plan: "Grundriss",
  homes: "Wohnungen", moment: "Moment", views: "Ansichten", home: "Wohnung", skip: "Zum Inhalt", help: "Hilfe", close: "Schließen",
  light_dark: "Hell oder dunkel", loading: "Lädt …", waiting: "Wartet darauf, geöffnet zu werden …",
  help_text: "Fragen Sie in einfachen Worten, folgen Sie einem Tag auf dem Zeitstrahl oder kreisen Sie Punkte auf der Karte ein. Jede Ansicht hat ihre eigene Adresse: zum Teilen kopieren.",
  key_search: "Suche", key_views: "Ansichten von links nach rechts", key_list: "Durch die Antworten oder Tage; Zeitstrahl vergrößern", key_enter: "Öffnen",
  key_move: "Den Zeiger des Zeitstrahls oder einen Sensor bewegen", key_zoom: "Zeitstrahl vergrößern", key_pan: "Einen halben Bildschirm weiter oder zurück",
  key_wheel: "Rad: Zeitstrahl vergrößern; mit Umschalt: bewegen", key_help: "Diese Hilfe",
  read_only: "Nur lesen. Mit --writable gestartet, werden Korrekturen, Namen und Grundrisse gespeichert.",
  ask_anything: "Was geschah in dieser Wohnung?", understood: "Verstanden:", narrow: "Eingrenzen", from: "Von", to: "Bis", hours: "Stunden",
  room: "Raum", all_rooms: "Alle Räume", clear: "Leeren", try_one: "Zum Beispiel (Fragen auf Englisch)",
  example_1: "someone opens the fridge at night", example_2: "someone gets up from bed at night and goes to the bathroom",
  example_3: "someone leaves the home in the morning", example_4: "someone cooks in the evening", example_5: "how often does someone open the fridge at night",
  about_home: "{0}: {1} Ereignisse von {3} Sensoren in {2} Räumen.", n_notes: "Was über diese Wohnung vermutet wird ({0})",
  n_hits: "{0} Momente aus {1} Fenstern", no_hits: "Nichts erfüllt diese Bedingungen. Nehmen Sie eine weg oder fragen Sie anders.",
  more_hits: "Mehr Momente", back_to_hits: "Zurück zu den Antworten", choose_hit: "Wählen Sie einen Moment, um seinen Weg durch die Räume zu sehen.",
  meets: "erfüllt {0} % davon", edit: "Ändern", edit_chip: "Bedingung „{0}“ ändern", remove: "Entfernen", restore: "Wiederherstellen",
  remove_chip: "Bedingung „{0}“ entfernen", restore_chip: "Bedingung „{0}“ wiederherstellen",
  n_events: "{0} Ereignisse", play: "Abspielen", pause: "Anhalten", time_in_moment: "Zeit im Moment", no_room: "kein bekannter Raum",
  several_people: "hier wohnen mehrere: die Linie verbindet Ereignisse, nicht Personen", why_matched: "Warum es passt", likeness: "Ähnlichkeit der Bedeutung",
  what_happened: "Was geschah", events_as_table: "Ereignisse als Tabelle ({0})", first_of: "Die ersten {0} von {1}.", similar: "Ähnliche Momente",
  in_timeline: "Auf dem Zeitstrahl", share: "Adresse kopieren", copied: "Adresse kopiert.", export: "Ausgeben", events: "Ereignisse", windows: "Fenster",
  calendar: "Kalender", picture: "Bild", time: "Zeit", sensor: "Sensor", where: "Wo", state: "Zustand",
  plan_alt: "Grundriss: {0}", strip_alt: "Ereignisse von {0} Sensoren von {1} bis {2}; dasselbe als Tabelle darunter",
  correct: "Korrigieren", what_truly: "Was war es wirklich?", activity: "Aktivität", store: "Speichern", stored: "Gespeichert: {0}", undo: "Rückgängig", undone: "Rückgängig gemacht.",
  corrections: "Korrekturen und Namen", corrections_help: "Was Sie über Momente und Auswahlen gesagt haben. Alles lässt sich rückgängig machen.",
  learned: "Die Erkennung folgt ihnen.", not_learned: "Die Erkennung folgt ihnen noch nicht: Sie läuft wieder, wenn Aktivitäten gezeigt werden.",
  none_yet: "Noch nichts.", what: "Was", a_name: "Name", an_activity: "Aktivität",
  all_days: "Alle Tage", all_sensors: "Alle Sensoren", activities: "Aktivitäten", show_all: "Alle zeigen", year: "Jahr", month: "Monat", week: "Woche",
  day: "Tag", hour: "Stunde", minute: "Minute", zoom_in: "Vergrößern", zoom_out: "Verkleinern", day_before: "Zurück", day_after: "Weiter",
  lanes: "Spuren", by_room: "Raum", by_type: "Art des Sensors", by_sensor: "Sensor", by_activity: "Aktivität", by_cluster: "Gruppe",
  by_object: "Gegenstand", by_company: "Gesellschaft", open_moment: "Moment öffnen", as_table: "Als Tabelle", lasts: "Dauer", confidence: "Sicherheit",
  first_rows: "Die ersten {0} Zeilen; für die übrigen vergrößern.", no_data: "keine Daten",
  timeline_help: "Klicken setzt den Zeiger, Ziehen bewegt, Doppelklick oder Strg und Rad vergrößert.",
  sun_help: "Getönt: Die Sonne ist untergegangen.",
  days_alt: "{0} Tage als Streifen von 24 Stunden; gewählt: {1}. Pfeiltasten wählen einen anderen Tag.",
  timeline_alt: "Zeitstrahl von {0} {1} bis {2} {3}. Pfeile bewegen den Zeiger, Plus und Minus vergrößern und verkleinern, Eingabe öffnet den Moment; dasselbe als Tabelle darunter.",
  colour_by: "Farbe nach", colour_activity: "Aktivität", colour_room: "Raum", colour_cluster: "Gruppe", colour_hour: "Tageszeit",
  choose_all_of: "Alle wählen von", legend: "Legende", none: "keine", cluster: "Gruppe", map_help: "Jeder Punkt ist ein Fenster; nahe Punkte sind ähnlich.",
  draw_lasso: "Ziehen Sie eine Linie um Punkte oder wählen Sie eine Gruppe, um zu fragen, was das ist.", map_alt: "Karte von {0} Fenstern, {1} gewählt. „Alle wählen von“ wählt eine Gruppe ohne Maus.",
  what_is_this: "Was ist das?", n_windows_days: "{0} Fenster an {1} Tagen", rooms: "Räume", when_in_day: "Wann am Tag",
  hours_alt: "Am häufigsten um {0} Uhr", examples: "Beispiele", name_it: "Geben Sie einen Namen oder sagen Sie, welche Aktivität es ist",
  clusters_help: "Verhalten, das wiederkehrt, ohne Beschriftung gefunden.", n_windows: "{0} Fenster", example: "Beispiel", on_map: "Auf der Karte",
  changes_help: "Mehr, weniger, früher, später: zwei Zeiträume verglichen, mit 95-%-Bereichen.", before: "Vorher", after: "Nachher", count_by: "Zählen nach",
  compare: "Vergleichen", n_days: "{0} Tage", no_change: "Keine Änderung ist sicher.", measure: "Maß", change: "Änderung", interval: "95-%-Bereich",
  also_uncertain: "Auch, was nicht sicher ist ({0})", typical_day: "Ein typischer Tag", unusual_days: "Ungewöhnliche Tage", first_and_last: "Wann der Tag beginnt und endet", stands_out: "fällt unter allen Tagen auf",
  busy_help: "Erste und letzte belebte Stunde: ein Viertel der Ereignisse einer Stunde am Tag. Ein Tag zählt von 4 bis 4 Uhr.",
  usually: "Meist von {0} bis {1}.", first_event: "Beginnt", last_event: "Endet",
  typical_alt: "Typischer Tag aus {0} Tagen; am meisten: {1}", typical_help: "Anteil jeder Viertelstunde über {0} Tage; jede Zeile hat ihren eigenen Maßstab.",
  plan_known: "Orte aus der Datei der Wohnung. Jeder Ort gehört zum Raum des nächsten Sensors; gezeichnete Räume sagen, wo Wände sind.", plan_drawn: "Orte, wie sie hier gezeichnet wurden.",
  plan_graph: "Es sind keine Orte bekannt: Die Räume liegen so, wie man von einem in den anderen geht.", sensors: "Sensoren", choose_sensor: "Sensor wählen",
  place: "Ort", place_guessed: "Ort unbekannt", draw_room: "Zeichnen", draw_help: "Klicken Sie die Ecken nacheinander an; Doppelklick oder „Fertig“ beendet.",
  finish: "Fertig", cancel: "Abbrechen", save: "Speichern", plan_stored: "Der Grundriss ist gespeichert.",
  no_uploads: "Diese App nimmt keine neuen Wohnungen an.", drop_here: "Protokoll oder Datenbank hier ablegen", choose_file: "Datei wählen",
  drop_help: "CASAS, Home Assistant, CSV und mehr oder ein Archiv davon; höchstens {0}. Es bleibt auf diesem Rechner.", sending: "Sende {0}",
  taken: "{0} ist angekommen und wird gelesen.", too_large: "{0} hat {1}; höchstens {2} werden angenommen.", trained: "trainiertes Modell", untrained: "rohes Protokoll",
  job_open: "Öffnet die Wohnung", job_recognise: "Erkennt Aktivitäten", job_map: "Zeichnet die Karte", job_clusters: "Sucht, was wiederkehrt", job_learn: "Lernt aus Korrekturen",
};

/** Common names of rooms, things and activities; others are shown as the home writes them. */
const german: Record<string, string> = {
  kitchen: "Küche", bathroom: "Bad", bedroom: "Schlafzimmer", "master bedroom": "Schlafzimmer", "guest bedroom": "Gästezimmer",
  "second bedroom": "zweites Schlafzimmer", "living room": "Wohnzimmer", "dining room": "Esszimmer", hallway: "Flur", hall: "Flur",
  entrance: "Eingang", office: "Arbeitszimmer", "work area": "Arbeitsplatz", "guest bathroom": "Gästebad", "master bathroom": "Badezimmer",
  "laundry room": "Waschküche", laundry: "Waschküche", garage: "Garage", "unknown room": "unbekannter Raum", outside: "draußen", motion: "Bewegung", door: "Tür",
  item: "Gegenstand", temperature: "Temperatur", light: "Licht", power: "Strom", water: "Wasser", pressure: "Druck", unknown: "unbekannt",
  bed: "Bett", fridge: "Kühlschrank", stove: "Herd", sink: "Spüle", toilet: "Toilette", shower: "Dusche", sofa: "Sofa", "front door": "Haustür",
  "back door": "Hintertür", sleep: "Schlafen", sleeping: "Schlafen", cook: "Kochen", cooking: "Kochen", eat: "Essen", eating: "Essen", relax: "Entspannen", work: "Arbeiten",
  "leave home": "Haus verlassen", "enter home": "Nach Hause kommen", "bed to toilet": "Vom Bett zur Toilette", "personal hygiene": "Körperpflege",
  "meal preparation": "Essen zubereiten", "desk work": "Schreibtischarbeit", bathing: "Baden", housekeeping: "Hausarbeit", couch: "Sofa", armchair: "Sessel",
  desk: "Schreibtisch", "dining table": "Esstisch", wardrobe: "Kleiderschrank", "washing machine": "Waschmaschine", "kitchen sink": "Küchenspüle",
  "bathroom sink": "Waschbecken", time: "Zeit", begins: "beginnt", ends: "endet", visits: "Besuche",
  "wash dishes": "Abwaschen", bathe: "Baden", dress: "Anziehen", "take medicine": "Medizin nehmen", "watch tv": "Fernsehen", read: "Lesen",
};

export type Language = "en" | "de";
let language: Language = "en";

export const lang = (): Language => language;

export function setLang(to: Language): void {
  language = to;
}

export function t(key: keyof typeof en, ...values: (string | number)[]): string {
  const text = (language === "de" ? de : en)[key] ?? key;
  return text.replace(/\{(\d)\}/g, (_, at: string) => String(values[Number(at)] ?? ""));
}

/** What the server says in fixed words: whole, or with {1}, {2} … for what differs. */
const told: [RegExp, string][] = [
  [/^opening$/, "Öffnet"], [/^loading$/, "Lädt"], [/^recognising activities$/, "Erkennt Aktivitäten"],
  [/^drawing the map$/, "Zeichnet die Karte"], [/^finding what recurs$/, "Sucht, was wiederkehrt"],
  [/^reading states$/, "Liest Zustände"], [/^cutting windows$/, "Schneidet Fenster"],
  [/^describing windows$/, "Beschreibt Fenster"], [/^encoding (captions|texts)$/, "Kodiert Texte"],
  [/^reading windows with the shipped network$/, "Liest Fenster mit dem mitgelieferten Netz"],
  [/^Near points have similar vectors; distances between groups mean little\.$/, "Abstände zwischen Gruppen sagen wenig."],
  [/^t-SNE of ([\d,]+) windows$/, "t-SNE aus {1} Fenstern"], [/^too few windows for a map$/, "zu wenige Fenster für eine Karte"],
  [/^The shipped network and captions answered; nothing was trained on this log\.$/, "Das mitgelieferte Netz und Beschreibungen haben geantwortet; trainiert wurde hier nichts."],
  [/^captions and shipped network, exact search$/, "Beschreibungen und mitgeliefertes Netz, genaue Suche"],
  [/^exact search$/, "genaue Suche"], [/^captions only, exact search$/, "nur Beschreibungen, genaue Suche"],
  [/^at all hours$/, "zu allen Stunden"], [/^([\d–]+ h)((?:, [\d–]+ h)*) and ([\d–]+ h)$/, "{1}{2} und {3}"],
  [/^more by (.+?)( a day)?$/, "mehr um {1}"], [/^less by (.+?)( a day)?$/, "weniger um {1}"],
  [/^earlier by (.+)$/, "früher um {1}"], [/^later by (.+)$/, "später um {1}"],
  [/^([\d.]+ (?:h|min)) more “(.+)” (.+)$/, "{1} mehr „{2}“ {3}"], [/^([\d.]+ (?:h|min)) less “(.+)” (.+)$/, "{1} weniger „{2}“ {3}"],
  [/^in the middle of the night$/, "mitten in der Nacht"], [/^in the early morning$/, "am frühen Morgen"], [/^in the late morning$/, "am späten Vormittag"],
  [/^in the afternoon$/, "am Nachmittag"], [/^in the evening$/, "am Abend"], [/^late in the evening$/, "spät am Abend"],
  [/^A day is compared with at least four others of its kind.*$/, "Ein Tag wird mit mindestens vier anderen seiner Art verglichen, Werktagen oder Wochenenden; so viele gibt es nicht."],
];

/** What the server says, in the language of the viewer where it is known. */
export function said(text: string): string {
  if (language === "en") return text;
  for (const [pattern, german] of told) {
    const found = pattern.exec(text);
    if (found) return german.replace(/\{(\d)\}/g, (_, at: string) => (found[Number(at)] ? plain(said(found[Number(at)] as string)) : ""));
  }
  return text;
}

/** An id in plain words: `living_room` → living room. */
export function plain(id: string): string {
  const words = id.replaceAll("_", " ").trim();
  return language === "de" ? (german[words.toLowerCase()] ?? words) : words;
}
