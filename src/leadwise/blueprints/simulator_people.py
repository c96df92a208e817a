"""Names for simulated people. Any resemblance to a living person is chance: given and family names are drawn apart."""

import numpy as np

_GIVEN_AND_FAMILY = (
    ("Anna Ben Clara Emil Greta Jonas Lena Paul", "Bauer Fischer Hoffmann Keller Lehmann Schulz Vogel Wagner"),
    ("Alba Bruno Carmen Diego Elena Hugo Lucía Mateo", "Castro Delgado Fuentes Herrera Molina Navarro Ortega Vega"),
    ("Amélie Bastien Chloé Gaston Inès Léo Manon Théo", "Blanc Dupont Girard Lambert Moreau Petit Rousseau Simon"),
    ("Ada Chidi Ebele Ifeoma Kelechi Ngozi Obinna Uche", "Achebe Eze Igwe Nnadi Obi Okafor Okeke Uzor"),
    ("Aarav Diya Ishaan Kavya Meera Rohan Sana Vikram", "Bhat Gupta Iyer Kapoor Mehta Patel Rao Sharma"),
    ("Aylin Burak Cem Deniz Elif Kerem Selin Yusuf", "Aksoy Çelik Demir Kaya Öztürk Şahin Polat Tekin"),
    ("An Binh Chi Dung Hoa Linh Minh Thao", "Bui Dang Do Hoang Le Nguyen Pham Tran"),
    ("Agnieszka Bartek Ewa Jacek Kasia Marek Ola Tomasz", "Kowalski Lis Mazur Nowak Pawlak Sikora Wilk Zając"),
    ("Amira Bilal Farid Hana Karim Layla Omar Yasmin", "Aziz Darwish Haddad Khalil Mansour Nasser Saleh Zaki"),
    ("Alice Ethan Grace Harry Isla Jack Ruby Tom", "Baker Clarke Evans Hughes Parker Turner Walsh Wright"),
)


def names_of_people(rng: np.random.Generator, count: int) -> list[str]:
    """That many names, of people of many backgrounds.

    >>> names_of_people(np.random.default_rng(1), 2)
    ['Yusuf Çelik', 'Grace Hughes']
    """
    groups = [(given.split(), family.split()) for given, family in _GIVEN_AND_FAMILY]
    names = []
    for group, first, last in rng.random((count, 3)):
        given, family = groups[int(group * len(groups))]
        names.append(f"{given[int(first * len(given))]} {family[int(last * len(family))]}")
    return names
