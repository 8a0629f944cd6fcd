from augcon_lib.pricing.estimate import Estimate, Range, around
from augcon_lib.settings import ModelSettings, Settings


def test_cost_is_counted_at_the_settings_prices() -> None:
    model = ModelSettings(input_usd_per_million_tokens=1, output_usd_per_million_tokens=10)
    settings = Settings().model_copy(update={"model": model})
    estimate = Estimate(Range(1, 2), Range(1e6, 2e6), Range(1e5, 3e5))
    assert estimate.cost_usd(settings) == Range(2.0, 5.0)
    assert (estimate + estimate).cost_usd(settings) == Range(4.0, 10.0)


def test_a_range_never_goes_below_nothing() -> None:
    assert around(10, 3) == Range(7, 13)
    assert around(10, 30).low == 0
    assert around(10, 30).middle == 10
