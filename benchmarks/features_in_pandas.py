"""The features of `benchmarks/features.py` as somebody would write them in pandas."""

from typing import Any

import numpy as np
import pandas as pd
from features_by_hand import DAY, HOUR, WINDOWS

from leadwise.domain.target import Actor, FieldKind, Target


def in_pandas(  # noqa: C901, PLR0915 - one script from top to bottom, as people write them
    target: Target, tables: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """What somebody would write in pandas: facts joined to moments, what was not known left out, groups aggregated."""
    moments, leads = tables["moments"].reset_index(names="row"), tables["leads"].set_index("lead")
    arrived, as_of = moments["lead"].map(leads["occurred_at"]), moments["as_of"]
    out: dict[str, Any] = {"lead": moments["lead"], "as_of": as_of}

    def seen(facts: pd.DataFrame) -> pd.DataFrame:
        joined = facts.merge(moments, on="lead")
        joined = joined[(joined["occurred_at"] <= joined["as_of"]) & (joined["recorded_at"] <= joined["as_of"])]
        return joined.assign(age=joined["as_of"] - joined["occurred_at"])

    def of(part: pd.DataFrame, how: str, column: str = "occurred_at") -> pd.Series:
        grouped = part.groupby("row", sort=False)
        made = grouped.size() if how == "size" else getattr(grouped[column], how)()
        return made.reindex(moments.index)

    def count(part: pd.DataFrame) -> pd.Series:
        return of(part, "size").fillna(0).astype("int64")

    events = seen(tables["events"])
    events_of_kind = {kind.name: events[events["kind"] == kind.name] for kind in target.events}
    theirs = events[events["kind"].isin(target.kinds_by(Actor.LEAD))]
    ours = events[events["kind"].isin(target.kinds_by(Actor.STAFF))]
    out["All events"] = count(events)
    out["All events in the last 24 hours"] = count(events[events["age"] < DAY])
    out["All events in the last 7 days"] = week = count(events[events["age"] < 7 * DAY])
    out["More events than the week before"] = 2 * week - count(events[events["age"] < 14 * DAY])
    out["Events of other kinds"] = count(events[~events["kind"].isin(list(events_of_kind))])
    out["Kinds of events"] = sum((count(part) > 0).astype("int64") for part in events_of_kind.values())
    lately = events[events["age"] < 30 * DAY]
    active = lately.assign(day=lately["age"] // DAY)[["row", "day"]].drop_duplicates()
    out["Active days in the last 30 days"] = count(active)
    active = active.sort_values(["row", "day"])
    in_a_row = active[active["day"] == active.groupby("row").cumcount()]
    out["Days in a row with events"] = count(in_a_row)
    age_days = (as_of - arrived) / DAY
    out["Events per day since arrival"] = out["All events"] / np.maximum(age_days, 1)
    first, last = of(events, "min"), of(events, "max")
    between = (last - first) / HOUR / (out["All events"] - 1)
    out["Hours between events on average"] = between.where(out["All events"] > 1)
    in_order = events.sort_values(["row", "occurred_at"])
    before = in_order.groupby("row")["occurred_at"].shift().fillna(in_order["row"].map(arrived))
    gaps = in_order.assign(gap=in_order["occurred_at"] - before)
    silences = pd.concat([of(gaps, "max", "gap"), as_of - last.fillna(arrived)], axis=1)
    out["Hours of the longest silence"] = silences.max(axis=1) / HOUR
    out["Days since arrival"] = age_days
    for name, instant in (("Arrival ", arrived), ("", as_of)):
        stamp = pd.to_datetime(instant, unit="us", utc=True).dt
        out["Arrival hour" if name else "Hour of day"] = stamp.hour
        out["Arrival weekday" if name else "Weekday"] = stamp.day_name()
    first_ours, last_ours, last_theirs = of(ours, "min"), of(ours, "max"), of(theirs, "max")
    heard = last_theirs.fillna(arrived)
    out["Hours to our first reply"] = (first_ours - arrived) / HOUR
    out["Hours waiting for our reply"] = ((as_of - heard) / HOUR).where(~(last_ours >= heard))
    out["Hours since last heard from"] = (as_of - heard) / HOUR
    answer = of(theirs[theirs["occurred_at"] > theirs["row"].map(first_ours)], "min")
    out["Hours to their first reply"] = (answer - first_ours) / HOUR
    out["Engagement rate"] = (count(theirs) / count(ours)).where(count(ours) > 0)
    for kind in target.events:
        part = events_of_kind[kind.name]
        out[kind.title] = count(part)
        for window, days in WINDOWS.items():
            out[kind.title + window] = count(part[part["age"] < days * DAY])
        out[f"{kind.title}: days since the first"] = (as_of - of(part, "min")) / DAY
        out[f"{kind.title}: days since the last"] = (as_of - of(part, "max")) / DAY
        for number in kind.numbers:
            out[number.title] = of(part, "sum", number.name).fillna(0)
            recent = part[part["age"] < 30 * DAY]
            out[f"{number.title} in the last 30 days"] = of(recent, "sum", number.name).fillna(0)
            out[f"{number.title} on average"] = of(part, "mean", number.name)
            out[f"{number.title} at most"] = of(part, "max", number.name)
    statements = seen(tables["statements"]).sort_values(["occurred_at", "recorded_at", "position"])
    for field in target.fields:
        newest = statements[statements["field"] == field.name].drop_duplicates("row", keep="last").set_index("row")
        text, number = newest["text"].reindex(moments.index), newest["number"].reindex(moments.index)
        match field.kind:
            case FieldKind.NUMBER:
                out[field.title] = number
            case FieldKind.YES_NO:
                out[field.title] = text.map({"true": True, "false": False})
            case FieldKind.LONG_TEXT:
                out[f"{field.title}: length"] = text.str.len()
            case FieldKind.DATE:
                instants = pd.to_datetime(text, utc=True).astype("datetime64[us, UTC]")
                since = (pd.to_datetime(as_of, unit="us", utc=True) - instants) / pd.Timedelta(days=1)
                out[f"{field.title}: days ago"] = since
            case _:
                out[field.title] = text
    was = statements.groupby(["row", "field"], sort=False)["text"].shift()
    same = (statements["text"] == was) | (statements["text"].isna() & was.isna())
    changes = statements[(statements["occurred_at"] > statements["lead"].map(leads["occurred_at"])) & ~same]
    for field in target.fields:
        own = changes[changes["field"] == field.name]
        out[f"{field.title}: changes"] = count(own)
        out[f"{field.title}: days since the last change"] = (as_of - of(own, "max")) / DAY
    out["Changed details"] = count(changes)
    for window, days in WINDOWS.items():
        out[f"Changed details{window}"] = count(changes[changes["age"] < days * DAY])
    out["Changed details: days since the first"] = (as_of - of(changes, "min")) / DAY
    out["Changed details: days since the last"] = (as_of - of(changes, "max")) / DAY
    newest_fact = pd.concat([last, of(changes, "max")], axis=1).max(axis=1)
    out["Hours since anything happened"] = (as_of - newest_fact.fillna(arrived)) / HOUR
    return pd.DataFrame(out)
