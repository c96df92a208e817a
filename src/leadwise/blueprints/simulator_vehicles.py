"""The simulated dealership's stock."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

_NEW_PRICES = {
    ("Volkswagen", "Golf"): 29_000,
    ("Volkswagen", "Tiguan"): 38_000,
    ("Toyota", "Corolla"): 28_000,
    ("Toyota", "RAV4"): 41_000,
    ("Skoda", "Octavia"): 31_000,
    ("Skoda", "Fabia"): 20_000,
    ("Ford", "Focus"): 28_000,
    ("Ford", "Kuga"): 37_000,
    ("Renault", "Clio"): 20_000,
    ("Renault", "Captur"): 26_000,
    ("Hyundai", "i30"): 26_000,
    ("Hyundai", "Tucson"): 35_000,
    ("BMW", "320d"): 50_000,
    ("Mercedes-Benz", "C 200"): 52_000,
    ("Audi", "A4"): 47_000,
    ("Tesla", "Model 3"): 43_000,
}
_OLDEST_YEARS = 12
_VALUE_KEPT_PER_YEAR = 0.87
_KM_PER_YEAR = 14_000


@dataclass(frozen=True)
class Vehicle:
    """A vehicle that somebody asks about.

    Args:
        make: "Toyota".
        model: "Corolla".
        year: Of first registration.
        price: What we ask, in EUR.
        price_against_market: That price in percent of what such a vehicle usually costs.
        mileage_km: What it has run.
    """

    make: str
    model: str
    year: int
    price: float
    price_against_market: float
    mileage_km: float


def vehicles(rng: np.random.Generator, now: datetime, price_against_market: NDArray[np.float64]) -> list[Vehicle]:
    """One vehicle for each price against the market, in percent."""
    kinds = list(_NEW_PRICES.items())
    count = len(price_against_market)
    which = rng.integers(len(kinds), size=count)
    ages = rng.integers(_OLDEST_YEARS + 1, size=count)
    use = rng.lognormal(0, 0.35, size=count)
    made = []
    for kind, age, share, wear in zip(which.tolist(), ages.tolist(), price_against_market.tolist(), use, strict=True):
        (make, model), new_price = kinds[kind]
        # Half a year is added since a vehicle's mileage and price do not wait for its birthday.
        market_price = new_price * _VALUE_KEPT_PER_YEAR ** (age + 0.5)
        made.append(
            Vehicle(
                make=make,
                model=model,
                year=now.year - age,
                price=round(market_price * share / 100, -1),
                price_against_market=round(share, 1),
                mileage_km=round(float(wear) * _KM_PER_YEAR * (age + 0.5), -2),
            )
        )
    return made
