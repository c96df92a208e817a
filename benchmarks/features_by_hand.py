"""The features of `benchmarks/features.py` as somebody would write them by hand, in one SQL statement."""

from leadwise.domain.target import Actor, FieldKind, Target

HOUR, DAY = 3_600_000_000, 86_400_000_000
WINDOWS = {" in the last 24 hours": 1, " in the last 7 days": 7, " in the last 30 days": 30}
WEEKDAYS = ("Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday")
"""From 1970-01-01 on."""
SEEN = "JOIN moments m ON f.lead = m.lead AND f.occurred_at <= m.as_of AND f.recorded_at <= m.as_of"
LATEST = "(f.occurred_at, f.recorded_at, f.position)"


def made_by(target: Target, actor: Actor) -> str:
    return "kind IN (" + ", ".join(f"'{kind}'" for kind in sorted(target.kinds_by(actor))) + ")"


def statement(target: Target) -> str:
    """What somebody would write who knows SQL and wants these columns."""
    inner, outer = of_events(target)
    said, of_said = of_statements(target)
    columns = [f'{sql} AS "{name}"' for name, sql in (outer | of_said).items()]
    listed = {
        name: ", ".join(f'{sql} AS "{alias}"' for alias, sql in each.items())
        for name, each in {"inner": inner, "said": said, "changed": of_changes(target)}.items()
    }
    return f"""WITH seen AS (
  SELECT m.lead, m.as_of, m.as_of - f.occurred_at AS age, f.occurred_at, f.kind, f.amount FROM events f {SEEN}
), e AS (SELECT lead, as_of, {listed["inner"]} FROM seen GROUP BY lead, as_of),
a AS (
  SELECT lead, as_of, min(occurred_at) AS answer FROM seen JOIN e USING (lead, as_of)
  WHERE {made_by(target, Actor.LEAD)} AND occurred_at > first_ours GROUP BY lead, as_of
), g AS (
  SELECT lead, as_of, max(occurred_at - coalesce(was, arrived)) AS gap FROM (
    SELECT seen.lead, as_of, seen.occurred_at, l.occurred_at AS arrived,
      lag(seen.occurred_at) OVER (PARTITION BY seen.lead, as_of ORDER BY seen.occurred_at) AS was
    FROM seen JOIN leads l ON l.lead = seen.lead
  ) GROUP BY lead, as_of
), s AS (SELECT m.lead, m.as_of, {listed["said"]} FROM statements f {SEEN} GROUP BY m.lead, m.as_of),
moved AS (
  SELECT DISTINCT f.lead, field FROM statements f JOIN leads l USING (lead) WHERE f.occurred_at > l.occurred_at
),
told AS (
  SELECT m.lead, m.as_of, m.as_of - f.occurred_at AS age, f.occurred_at, l.occurred_at AS arrived, field, text,
    lag(text) OVER
    (PARTITION BY m.lead, m.as_of, field ORDER BY f.occurred_at, f.recorded_at, f.position) AS was
  FROM statements f JOIN moved USING (lead, field) {SEEN} JOIN leads l ON l.lead = m.lead
), c AS (
  SELECT lead, as_of, {listed["changed"]} FROM told WHERE occurred_at > arrived AND text IS DISTINCT FROM was
  GROUP BY lead, as_of
)
SELECT m.lead, m.as_of, {", ".join(columns)}
FROM moments m JOIN leads l USING (lead) LEFT JOIN e USING (lead, as_of) LEFT JOIN a USING (lead, as_of)
LEFT JOIN g USING (lead, as_of) LEFT JOIN s USING (lead, as_of)
LEFT JOIN c USING (lead, as_of) ORDER BY m.lead, m.as_of"""  # noqa: S608


def of_events(target: Target) -> tuple[dict[str, str], dict[str, str]]:
    """Aggregates over the events seen, and the columns that are made of them."""
    theirs, ours = made_by(target, Actor.LEAD), made_by(target, Actor.STAFF)
    named = ", ".join(f"'{kind.name}'" for kind in target.events)
    inner = {
        "n": "count(*)",
        "n1": f"count(*) FILTER (age < {DAY})",
        "n7": f"count(*) FILTER (age < {7 * DAY})",
        "n14": f"count(*) FILTER (age < {14 * DAY})",
        "rare": f"count(*) FILTER (kind NOT IN ({named}))",
        "kinds": f"count(DISTINCT kind) FILTER (kind IN ({named}))",
        "days": f"bit_or(CASE WHEN age < {30 * DAY} THEN 1::BIGINT << (age // {DAY})::INTEGER END)",
        "first": "min(occurred_at)",
        "last": "max(occurred_at)",
        "first_ours": f"min(occurred_at) FILTER ({ours})",
        "last_ours": f"max(occurred_at) FILTER ({ours})",
        "last_theirs": f"max(occurred_at) FILTER ({theirs})",
        "n_theirs": f"count(*) FILTER ({theirs})",
        "n_ours": f"count(*) FILTER ({ours})",
    }
    heard = "coalesce(e.last_theirs, l.occurred_at)"
    outer = {
        "All events": "coalesce(e.n, 0)",
        "All events in the last 24 hours": "coalesce(e.n1, 0)",
        "All events in the last 7 days": "coalesce(e.n7, 0)",
        "More events than the week before": "coalesce(2 * e.n7 - e.n14, 0)",
        "Events of other kinds": "coalesce(e.rare, 0)",
        "Kinds of events": "coalesce(e.kinds, 0)",
        "Active days in the last 30 days": "coalesce(bit_count(e.days), 0)",
        "Days in a row with events": "coalesce(bit_count((~e.days & (e.days + 1)) - 1), 0)",
        "Events per day since arrival": f"coalesce(e.n, 0) / greatest((m.as_of - l.occurred_at) / {DAY}, 1)",
        "Hours between events on average": f"CASE WHEN e.n > 1 THEN (e.last - e.first) / {HOUR} / (e.n - 1) END",
        "Hours of the longest silence": f"greatest(g.gap, m.as_of - coalesce(e.last, l.occurred_at)) / {HOUR}",
        "Days since arrival": f"(m.as_of - l.occurred_at) / {DAY}",
        "Arrival hour": f"l.occurred_at // {HOUR} % 24",
        "Arrival weekday": weekday("l.occurred_at"),
        "Hour of day": f"m.as_of // {HOUR} % 24",
        "Weekday": weekday("m.as_of"),
        "Hours to our first reply": f"(e.first_ours - l.occurred_at) / {HOUR}",
        "Hours waiting for our reply": f"CASE WHEN coalesce(e.last_ours < {heard}, true) "
        f"THEN (m.as_of - {heard}) / {HOUR} END",
        "Hours since last heard from": f"(m.as_of - {heard}) / {HOUR}",
        "Hours to their first reply": f"(a.answer - e.first_ours) / {HOUR}",
        "Engagement rate": "CASE WHEN e.n_ours > 0 THEN e.n_theirs / e.n_ours END",
        "Hours since anything happened": f"(m.as_of - coalesce(greatest(e.last, c.last), l.occurred_at)) / {HOUR}",
    }
    for place, kind in enumerate(target.events):
        condition = f"kind = '{kind.name}'"
        inner[f"k{place}"] = f"count(*) FILTER ({condition})"
        outer[kind.title] = f"coalesce(e.k{place}, 0)"
        for window, days in WINDOWS.items():
            inner[f"k{place}_{days}"] = f"count(*) FILTER ({condition} AND age < {days * DAY})"
            outer[kind.title + window] = f"coalesce(e.k{place}_{days}, 0)"
        for which, aggregate in (("first", "min"), ("last", "max")):
            inner[f"k{place}_{which}"] = f"{aggregate}(occurred_at) FILTER ({condition})"
            outer[f"{kind.title}: days since the {which}"] = f"(m.as_of - e.k{place}_{which}) / {DAY}"
        for number in kind.numbers:
            inner |= {
                f"sum{place}": f"sum({number.name}) FILTER ({condition})",
                f"sum{place}_30": f"sum({number.name}) FILTER ({condition} AND age < {30 * DAY})",
                f"mean{place}": f"avg({number.name}) FILTER ({condition})",
                f"most{place}": f"max({number.name}) FILTER ({condition})",
            }
            outer |= {
                number.title: f"coalesce(e.sum{place}, 0)",
                f"{number.title} in the last 30 days": f"coalesce(e.sum{place}_30, 0)",
                f"{number.title} on average": f"e.mean{place}",
                f"{number.title} at most": f"e.most{place}",
            }
    return inner, outer


def weekday(instant: str) -> str:
    return f"{list(WEEKDAYS)}[({instant} // {DAY} % 7)::INTEGER + 1]"


def of_statements(target: Target) -> tuple[dict[str, str], dict[str, str]]:
    inner, outer = {}, {}
    for place, field in enumerate(target.fields):
        column = "number" if field.kind is FieldKind.NUMBER else "text"
        inner[f"f{place}"] = f"arg_max_null({column}, {LATEST}) FILTER (field = '{field.name}')"
        name, value = field.title, f"s.f{place}"
        if field.kind is FieldKind.YES_NO:
            value = f"CASE s.f{place} WHEN 'true' THEN true WHEN 'false' THEN false END"
        if field.kind is FieldKind.LONG_TEXT:
            name, value = f"{name}: length", f"length(s.f{place})"
        if field.kind is FieldKind.DATE:
            name, value = f"{name}: days ago", f"(m.as_of - epoch_us(s.f{place}::TIMESTAMP)) / {DAY}"
        outer[name] = value
        outer[f"{field.title}: changes"] = f"coalesce(c.n_{field.name}, 0)"
        outer[f"{field.title}: days since the last change"] = f"(m.as_of - c.last_{field.name}) / {DAY}"
    outer["Changed details"] = "coalesce(c.n, 0)"
    outer |= {f"Changed details{window}": f"coalesce(c.n{days}, 0)" for window, days in WINDOWS.items()}
    outer |= {
        f"Changed details: days since the {which}": f"(m.as_of - c.{which}) / {DAY}" for which in ("first", "last")
    }
    return inner, outer


def of_changes(target: Target) -> dict[str, str]:
    lately = {f"n{days}": f"count(*) FILTER (age < {days * DAY})" for days in WINDOWS.values()}
    own = {}
    for field in target.fields:
        own[f"n_{field.name}"] = f"count(*) FILTER (field = '{field.name}')"
        own[f"last_{field.name}"] = f"max(occurred_at) FILTER (field = '{field.name}')"
    return {"n": "count(*)", **lately, **own, "first": "min(occurred_at)", "last": "max(occurred_at)"}
