"""`leadwise show`: the model card."""

from leadwise.app.card_text import show_card
from leadwise.app.commands import arguments as take
from leadwise.app.output import print_json
from leadwise.registry.model_file import read_model_file


def run(model: take.ModelFile, as_json: take.AsJson = False) -> None:
    """Show the model card: what was learnt, how good it is, and on what grounds."""
    card = read_model_file(model).card
    if as_json:
        print_json(card)
    else:
        show_card(card)
