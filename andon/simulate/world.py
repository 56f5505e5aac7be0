"""The shop that is simulated: its catalogue, warehouses, carriers, lanes, hubs, sellers."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.times import HOUR

Ints = NDArray[np.int64]
"""Whole numbers: rows, minor units, grams or ms, as the name says."""

START: Final = 1_736_121_600_000
"""Monday 2025-01-06 00:00 UTC, in ms: past, so that no intake quarantines the stamps."""

COUNTRY: Final = "DE"
REGIONS: Final = ("NW", "BY", "BW", "NI", "HE", "SN", "BE", "HH")
REGION_SHARE: Final = (0.25, 0.18, 0.16, 0.11, 0.09, 0.07, 0.08, 0.06)
CARRIERS: Final = ("dhl", "dpd", "hermes", "gls")
CARRIER_SHARE: Final = (0.5, 0.2, 0.18, 0.12)
WAREHOUSES: Final = ("WH-HE", "WH-NW", "WH-BY")
WAREHOUSE_REGION: Final = (4, 0, 1)
NEAREST: Final = (1, 2, 2, 1, 0, 0, 0, 1)
"""For each region, the warehouse that serves it unless it has run short."""

CATEGORIES: Final = ("coffee", "shoes", "shirts", "toys", "kitchen", "books", "beauty", "garden")
BRANDS: Final = ("alba", "borea", "corvo", "delta", "elm", "fjord", "gala", "hill", "iris", "juno")
SHOE_SIZES: Final = ("38", "39", "40", "41", "42", "43", "44", "45")
SHIRT_SIZES: Final = ("XS", "S", "M", "L", "XL")
OWN_SHARE: Final = 0.55
"""Share of the catalogue that the shop sells itself (seller 0)."""


@dataclass(frozen=True, slots=True)
class World:
    """The shop's tables, one array element or text per thing; everything refers by row."""

    sku_weight: Ints
    """Grams of one unit."""
    sku_price: Ints
    """Euro cents of one unit."""
    sku_seller: Ints
    sku_sized: NDArray[np.bool_]
    """Whether the SKU comes in sizes (shoes, shirts), and so fits or not."""
    sku_share: NDArray[np.float64]
    """Share of demand, Zipf; sums to one."""
    sku_fields: list[str]
    """The JSON fields of an ordered line that depend on the SKU alone."""
    bins: list[list[str]]
    """Bin by warehouse, then SKU."""
    lane_usual: Ints
    """Usual transit by lane in ms; lane = warehouse * regions + destination region."""
    sellers: int
    customers: int

    @property
    def skus(self) -> int:
        """How many SKUs the catalogue holds."""
        return self.sku_price.size


def sku_name(sku: int) -> str:
    """Return the SKU's public name."""
    return f"SKU-{sku:06d}"


def seller_name(seller: int) -> str:
    """Return the seller's public name; seller 0 is the shop itself."""
    return f"SEL-{seller:04d}"


def hub_name(hub: int) -> str:
    """Return the hub's public name; hub = carrier * regions + region."""
    return f"{CARRIERS[hub // len(REGIONS)]}-hub-{REGIONS[hub % len(REGIONS)]}"


def lane_name(lane: int) -> str:
    """Return the lane as people write it, origin region to destination region: ``HE->BY``."""
    origin = REGIONS[WAREHOUSE_REGION[lane // len(REGIONS)]]
    return f"{origin}->{REGIONS[lane % len(REGIONS)]}"


def build_world(orders: int, rng: np.random.Generator) -> World:
    """Return a shop sized for ``orders``: more orders, a longer catalogue and more customers."""
    skus = int(np.clip(orders // 40, 120, 20_000))
    sellers = int(np.clip(skus // 25, 6, 400))
    category = rng.integers(0, len(CATEGORIES), skus)
    price = np.round(np.exp(rng.normal(7.6, 0.8, skus))).astype(np.int64) // 10 * 10 + 299
    seller = np.where(rng.random(skus) < OWN_SHARE, 0, rng.integers(1, sellers, skus))
    share = 1.0 / (np.arange(skus) + 3.0) ** 0.95
    return World(
        sku_weight=rng.integers(80, 3_000, skus),
        sku_price=price,
        sku_seller=seller,
        sku_sized=np.isin(category, (1, 2)),
        sku_share=share / share.sum(),
        sku_fields=_sku_fields(category, price, seller, rng),
        bins=[_bins(skus, rng) for _ in WAREHOUSES],
        lane_usual=_lanes(rng),
        sellers=sellers,
        customers=max(40, int(orders * 0.6)),
    )


def _lanes(rng: np.random.Generator) -> Ints:
    near = np.array(
        [[region == home for region in range(len(REGIONS))] for home in WAREHOUSE_REGION]
    )
    hours = np.where(near, 22, rng.integers(30, 64, near.shape))
    return (hours.ravel() * HOUR).astype(np.int64)


def _bins(skus: int, rng: np.random.Generator) -> list[str]:
    return [
        f"{slot // 200:02d}-{slot // 10 % 20:02d}-{slot % 10}" for slot in rng.permutation(skus)
    ]


def _sku_fields(category: Ints, price: Ints, seller: Ints, rng: np.random.Generator) -> list[str]:
    brand, size = rng.integers(0, len(BRANDS), price.size), rng.integers(0, 40, price.size)
    rows = zip(
        category.tolist(),
        price.tolist(),
        seller.tolist(),
        brand.tolist(),
        size.tolist(),
        strict=True,
    )
    return [
        f'"sku":"{sku_name(sku)}","unit_price":"{cents // 100}.{cents % 100:02d}",'
        f'"seller_id":"{seller_name(sold_by)}","category":"{CATEGORIES[kind]}",'
        f'"brand":"{BRANDS[made_by]}"{_size(kind, fits)}'
        for sku, (kind, cents, sold_by, made_by, fits) in enumerate(rows)
    ]


def _size(category: int, fits: int) -> str:
    sizes = {1: SHOE_SIZES, 2: SHIRT_SIZES}.get(category)
    return f',"size":"{sizes[fits % len(sizes)]}"' if sizes else ""
