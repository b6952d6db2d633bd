"""The methods that a benchmark compares, by the words that they add to a command."""

METHODS: dict[str, list[str]] = {
    "erm": [],
    "balanced": ["--data.init_args.sampling", "balanced"],
    "counterfactual": ["--model.generator", "{generator}"],
    "oracle": ["--data.init_args.oracle", "true"],
}
"""What each method adds to the command that trains a classifier."""

TITLES = {"erm": "ERM", "balanced": "group-balanced", "oracle": "oracle"}
"""Names of the methods without a generator in tables; others have the name of the generator."""


def title_of(name: str) -> str:
    """What a table calls a method, or a generator whose counterfactuals a classifier learns from.

    >>> title_of("erm"), title_of("conditional-vae")
    ('ERM', 'conditional-vae')
    """
    return TITLES.get(name, name)
