"""Words the task skills combine: names, places, things by kind, and the parts of template sentences."""

NAMES = (
    "Ana Ben Clara David Elena Frank Grace Hugo Ines Jonas Kira Leo Maria Noah Olga Pablo Quinn Rosa Sam Tara Ugo Vera "
    "Will Xenia Yara Zoe Adam Bella Carlos Diana Emil Fiona George Hanna Ivan Julia Karl Lena Mateo Nina Oscar Paula "
    "Rafael Sofia Tomas Ursula Victor Wendy Yusuf Zara Alice Bruno Celia Diego Emma Felix Gina Henry Irene Jack Kevin "
    "Laura Martin Nora Otto Petra Rita Simon Teresa Valeria Walter Amara Boris Chloe Dario Edith Farid Gloria Hector "
    "Isabel Jamal Keiko Luis Mira Nelson Omar Priya Ramon Sara Tim Lucia Peter John Mary Tom Lucy Paul Marta Kofi "
    "Aisha Mei Ravi Ingrid Lars Anya Dmitri Wayra Inti Killa Sumaq"
).split()
CITIES = (
    "Lima Cusco Quito Bogota Paris London Berlin Madrid Rome Lisbon Vienna Oslo Dublin Athens Prague Warsaw Cairo "
    "Nairobi Tokyo Seoul Delhi Sydney Boston Chicago Toronto Havana Santiago Arequipa Geneva Munich Milan Porto Bergen "
    "Kyoto Dakar Accra Montreal Denver Seattle Hamburg Valencia Lyon Turin Puno Sucre Salta Mendoza Zurich Helsinki "
    "Amsterdam Brussels Budapest Stockholm Barcelona Bangkok Manila Istanbul Lagos Casablanca"
).split()
JOBS = (
    "teacher doctor farmer baker nurse pilot painter writer singer engineer gardener weaver carpenter cook lawyer "
    "dentist musician librarian driver shepherd programmer photographer tailor scientist"
).split()
KINDS: dict[str, list[str]] = {
    "animal": (
        "llama alpaca cat dog horse cow sheep goat fox wolf bear lion tiger rabbit mouse condor eagle owl frog snake "
        "whale dolphin monkey donkey duck hen pig camel zebra elephant otter puma"
    ).split(),
    "fruit": (
        "apple pear banana orange lemon grape cherry peach plum mango melon fig kiwi papaya lime apricot coconut "
        "strawberry pineapple"
    ).split(),
    "vegetable": (
        "potato carrot onion tomato pepper cabbage spinach pea bean corn leek garlic pumpkin radish beet celery lettuce"
    ).split(),
    "colour": "red blue green yellow black white brown grey pink purple orange gold silver violet".split(),
    "tool": "hammer saw drill screwdriver wrench shovel rake axe ladder brush pliers chisel".split(),
    "instrument": "guitar piano violin drum flute trumpet harp cello panpipe clarinet banjo organ".split(),
    "vehicle": "car bus train bicycle truck boat plane ship tram van scooter canoe rocket taxi".split(),
    "piece of clothing": "hat coat shirt shoe sock scarf glove dress belt poncho jacket skirt boot sweater".split(),
    "piece of furniture": "table chair bed sofa desk shelf lamp bench wardrobe stool cupboard".split(),
    "drink": "water tea coffee milk juice cocoa lemonade cider soda".split(),
    "part of the body": "hand foot eye ear nose mouth arm leg knee finger head heart".split(),
    "sport": "football tennis swimming running skiing boxing rowing hockey golf rugby chess surfing".split(),
}
THINGS = (
    "book letter stone key map bag cup plate bottle box basket rope blanket candle mirror clock coin ring ball kite "
    "window door garden house bridge road river lake mountain valley hill forest field island beach tower market school "
    "library station kitchen roof wall tree flower leaf seed cloud star moon sun rain snow wind fire smoke shadow song "
    "story poem dream secret gift question answer number word page picture camera radio phone computer paper pencil "
    "bread cheese butter honey salt sugar soup rice cake pie egg wool thread button pocket"
).split()
ADJECTIVES = (
    "big small old new red blue green warm cold soft hard quiet loud fast slow happy sad brave gentle bright dark tall "
    "short heavy light clean dirty sweet bitter young wise kind funny strange simple famous hungry sleepy tired proud "
    "lonely golden silver white black round long wide deep high low dry wet fresh empty full early late"
).split()
VERBS_PAST = (
    "saw found lost carried painted bought sold liked loved wanted followed watched heard visited opened closed moved "
    "cleaned dropped hid held kept left met needed remembered forgot drew shared showed took brought chose passed"
).split()
PLACES = (
    "in the garden",
    "on the hill",
    "by the river",
    "near the lake",
    "at the market",
    "in the kitchen",
    "under the tree",
    "behind the house",
    "in the valley",
    "at the station",
    "on the bridge",
    "in the forest",
    "on the roof",
    "at school",
    "in the mountains",
    "by the sea",
    "in the library",
    "on the road",
    "in the old town",
    "next to the door",
)
TIMES = (
    "today",
    "yesterday",
    "in the morning",
    "in the evening",
    "at night",
    "last week",
    "on Monday",
    "on Sunday",
    "at noon",
    "in the summer",
    "in winter",
    "every day",
    "after lunch",
    "before dinner",
)
VERBS_PLAIN = (
    "sleeps eats sings runs waits smiles dances rests works plays walks listens laughs reads travels dreams shines "
    "grows falls jumps swims returns"
).split()
GREETINGS = ("hello world", "good morning", "good night", "thank you", "see you soon", "welcome home", "well done")
NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()

WORDS = tuple(dict.fromkeys([w for words in KINDS.values() for w in words] + THINGS + ADJECTIVES))
ONSETS = "b c d f g h j k l m n p r s t v w z br cr dr fl gl pl sl st tr sh ch".split()
VOWELS = "a e i o u ai ou ee".split()
CODAS = ["", "", "", "n", "r", "l", "s", "m", "t", "k"]
