"""Animals: what each is, its young, its sound, its food, its home, its legs."""

KINDS = {
    "a dog": "A dog is a friendly animal that people keep as a pet. It is related to the wolf.",
    "a cat": "A cat is a small furry hunter that many people keep as a pet. It purrs when it is content.",
    "a horse": "A horse is a large, fast animal with hooves. People ride horses and let them pull carts.",
    "a cow": "A cow is a large farm animal that eats grass and gives milk.",
    "a pig": "A pig is a clever farm animal with a round snout and a curly tail.",
    "a sheep": "A sheep is a farm animal with thick wool. It eats grass and lives in flocks.",
    "a goat": "A goat is a nimble farm animal with horns that climbs well and gives milk.",
    "a donkey": "A donkey is a patient animal with long ears, related to the horse.",
    "a rabbit": "A rabbit is a small animal with long ears and strong back legs. It digs burrows.",
    "a mouse": "A mouse is a very small rodent with round ears and a long tail.",
    "a rat": "A rat is a clever rodent, larger than a mouse, with a long tail.",
    "a squirrel": "A squirrel is a small rodent with a bushy tail that lives in trees and hides nuts.",
    "a hedgehog": "A hedgehog is a small animal covered with spines. It rolls into a ball when it is afraid.",
    "a fox": "A fox is a small wild relative of the dog, with a pointed face and a bushy tail.",
    "a wolf": "A wolf is a large wild relative of the dog that lives and hunts in packs.",
    "a bear": "A bear is a large, strong animal with thick fur. Many bears sleep through the winter.",
    "a polar bear": "A polar bear is a large white bear that lives on the ice of the Arctic.",
    "a panda": "A panda is a black and white bear from China that eats bamboo.",
    "a koala": "A koala is a furry animal from Australia that lives in trees and eats eucalyptus leaves.",
    "a kangaroo": "A kangaroo is a large hopping animal from Australia that carries its young in a pouch.",
    "a lion": "A lion is a big cat that lives in groups called prides. The male has a mane.",
    "a tiger": "A tiger is the largest of the cats. It has orange fur with black stripes.",
    "a cheetah": "A cheetah is a spotted cat and the fastest animal on land.",
    "a jaguar": "A jaguar is the largest cat of the Americas. It has a spotted coat and swims well.",
    "a puma": "A puma is a large tan cat of the Americas. It is also called a mountain lion or cougar.",
    "an elephant": "An elephant is the largest land animal. It has a trunk, tusks and big ears.",
    "a giraffe": "A giraffe is the tallest animal in the world. It has a very long neck and lives in Africa.",
    "a zebra": "A zebra is an African animal related to the horse, with black and white stripes.",
    "a hippopotamus": "A hippopotamus is a huge African animal that spends its days in rivers and lakes.",
    "a rhinoceros": "A rhinoceros is a huge plant eater with thick skin and one or two horns on its nose.",
    "a camel": "A camel is a desert animal with one or two humps in which it stores fat.",
    "a gorilla": "A gorilla is the largest of the apes. It lives in the forests of Africa and eats plants.",
    "a chimpanzee": "A chimpanzee is a clever African ape that uses simple tools.",
    "a monkey": "A monkey is a lively animal with clever hands that often lives in trees.",
    "a sloth": "A sloth is a very slow animal that hangs from trees in the forests of Central and South America.",
    "an anteater": "An anteater is an animal of the Americas with a long snout and a sticky tongue for eating ants.",
    "an armadillo": "An armadillo is an animal of the Americas covered with a bony shell.",
    "a beaver": "A beaver is a large rodent that fells trees with its teeth and builds dams.",
    "an otter": "An otter is a playful animal that swims well and eats fish.",
    "a seal": "A seal is a sea animal with flippers that eats fish and rests on beaches and ice.",
    "a dolphin": "A dolphin is a clever sea animal. It is not a fish but a mammal and breathes air.",
    "a whale": "A whale is a very large sea animal. It is a mammal and breathes air.",
    "a blue whale": "A blue whale is the largest animal that has ever lived. It can be about 30 metres long.",
    "a shark": "A shark is a fish with strong jaws, many teeth and a skeleton of cartilage.",
    "an octopus": "An octopus is a clever sea animal with eight arms and three hearts.",
    "a jellyfish": "A jellyfish is a soft sea animal shaped like a bell, with stinging tentacles.",
    "a crab": "A crab is an animal with a hard shell and two claws that often walks sideways.",
    "a frog": "A frog is a small amphibian with long back legs. Its young are called tadpoles.",
    "a snake": "A snake is a long reptile without legs.",
    "a crocodile": "A crocodile is a large reptile with strong jaws that lives in and near water.",
    "a turtle": "A turtle is a reptile with a hard shell around its body.",
    "a lizard": "A lizard is a reptile with four legs and a long tail.",
    "a chameleon": "A chameleon is a lizard that can change its colour and move its eyes separately.",
    "an eagle": "An eagle is a large bird of prey with sharp eyes and strong claws.",
    "an owl": "An owl is a bird of prey that hunts at night and flies almost without a sound.",
    "a penguin": "A penguin is a bird that cannot fly but swims very well. Most penguins live in the south.",
    "an ostrich": "An ostrich is the largest bird in the world. It cannot fly, but it runs very fast.",
    "a parrot": "A parrot is a colourful bird with a curved beak. Some parrots can copy words.",
    "a swan": "A swan is a large white water bird with a long neck.",
    "a duck": "A duck is a water bird with webbed feet and a flat beak.",
    "a chicken": "A chicken is a farm bird that lays eggs.",
    "a hummingbird": "A hummingbird is a tiny bird that can hover in the air and drinks nectar.",
    "a flamingo": "A flamingo is a tall pink bird that often stands on one leg.",
    "a bee": "A bee is an insect that visits flowers, pollinates them and makes honey.",
    "an ant": "An ant is a small insect that lives and works in large colonies.",
    "a butterfly": "A butterfly is an insect with large colourful wings. It begins its life as a caterpillar.",
    "a spider": "A spider is an animal with eight legs. Many spiders spin webs to catch insects.",
    "a snail": "A snail is a slow, soft animal that carries its shell on its back.",
    "a worm": "An earthworm is a soft, long animal without legs that lives in the soil and keeps it healthy.",
    "a bat": "A bat is the only mammal that can truly fly. Many bats find their way by echoes.",
    "a mammal": "A mammal is an animal that feeds its young with milk. Most mammals have hair.",
    "a reptile": "A reptile is an animal with scales, such as a snake, a lizard or a turtle.",
    "a bird": "A bird is an animal with feathers, a beak and two wings. It lays eggs.",
    "a fish": "A fish is an animal that lives in water and breathes through gills.",
    "an insect": "An insect is a small animal with six legs, such as a bee, an ant or a beetle.",
    "an amphibian": "An amphibian is an animal such as a frog that lives both in water and on land.",
}

IRREGULAR_PLURALS = {
    "mouse": "mice", "goose": "geese", "wolf": "wolves", "sheep": "sheep", "fish": "fish", "goldfish": "goldfish", "jellyfish": "jellyfish",
    "person": "people", "fly": "flies", "butterfly": "butterflies", "deer": "deer", "fox": "foxes", "ostrich": "ostriches",
    "octopus": "octopuses", "hippopotamus": "hippopotamuses", "rhinoceros": "rhinoceroses", "moose": "moose", "bacterium": "bacteria",
}  # fmt: skip


def plural(name: str) -> str:
    """The plural of an animal with its article: "a spider" gives "spiders"."""
    noun = name.split(" ", 1)[1]
    return IRREGULAR_PLURALS.get(noun, noun + "s")


YOUNG = {
    "a dog": "a puppy", "a cat": "a kitten", "a cow": "a calf", "a horse": "a foal", "a sheep": "a lamb",
    "a goat": "a kid", "a pig": "a piglet", "a duck": "a duckling", "a goose": "a gosling", "a chicken": "a chick",
    "a swan": "a cygnet", "a lion": "a cub", "a bear": "a cub", "a tiger": "a cub", "a fox": "a cub or kit",
    "a wolf": "a pup", "a seal": "a pup", "a deer": "a fawn", "a kangaroo": "a joey", "a koala": "a joey",
    "a frog": "a tadpole", "an eagle": "an eaglet", "an owl": "an owlet", "an elephant": "a calf",
    "a whale": "a calf", "a dolphin": "a calf", "a giraffe": "a calf", "a rabbit": "a kit or bunny",
    "a donkey": "a foal", "a zebra": "a foal", "a llama": "a cria", "an alpaca": "a cria",
        "a butterfly": "a caterpillar",
    "a hen": "a chick", "a camel": "a calf", "a hedgehog": "a hoglet", "a hare": "a leveret", "a bat": "a pup",
}  # fmt: skip

SOUNDS = {
    "a dog": "woof", "a cat": "meow", "a cow": "moo", "a sheep": "baa", "a pig": "oink", "a duck": "quack",
    "a horse": "neigh", "a donkey": "hee-haw", "a rooster": "cock-a-doodle-doo", "a hen": "cluck", "a lion": "roar",
    "a snake": "hiss", "a bee": "buzz", "a frog": "croak", "an owl": "hoot", "a mouse": "squeak", "a wolf": "howl",
    "a crow": "caw", "a turkey": "gobble", "a llama": "hum", "an alpaca": "hum", "a cuckoo": "cuckoo",
        "a goose": "honk",
    "a goat": "bleat", "an elephant": "trumpet",
}  # fmt: skip

FOOD = {
    "a cow": "grass and hay", "a horse": "grass, hay and oats", "a sheep": "grass", "a llama": "grass, leaves and hay",
    "an alpaca": "grass and hay", "a panda": "bamboo", "a koala": "eucalyptus leaves",
        "a rabbit": "grass, leaves and vegetables",
    "a lion": "meat", "a tiger": "meat", "a wolf": "meat", "a cat": "meat and fish", "a squirrel": "nuts and seeds",
    "a bee": "nectar and pollen", "a frog": "insects", "a spider": "insects", "a bat": "insects or fruit",
        "a penguin": "fish, krill and squid",
    "a seal": "fish", "a giraffe": "leaves", "an elephant": "grass, leaves, fruit and bark",
        "a goat": "grass, leaves and shrubs",
    "a hummingbird": "nectar and small insects", "a blue whale": "krill", "an owl": "mice and other small animals",
    "an anteater": "ants and termites", "a condor": "carrion, that is, dead animals",
        "a beaver": "bark, leaves and water plants",
    "a kangaroo": "grass and leaves", "a camel": "grass and desert plants", "a gorilla": "leaves, stems and fruit",
    "a shark": "fish and other sea animals", "a caterpillar": "leaves", "an otter": "fish and crabs",
        "a hedgehog": "insects and worms",
}  # fmt: skip

LEGS = {
    "a dog": "four", "a cat": "four", "a horse": "four", "a cow": "four", "a llama": "four", "an alpaca": "four",
    "a sheep": "four", "a chicken": "two", "a duck": "two", "a bird": "two", "a penguin": "two", "an ostrich": "two",
    "a spider": "eight", "an ant": "six", "a bee": "six", "an insect": "six", "a beetle": "six", "a butterfly": "six",
    "a snake": "no", "a fish": "no", "a worm": "no", "a person": "two", "a frog": "four", "a lizard": "four",
    "a crab": "ten", "a fly": "six", "an elephant": "four", "a scorpion": "eight", "a turtle": "four",
        "a cricket": "six",
}  # fmt: skip

HOMES = {
    "a bird": "in a nest", "a bee": "in a hive", "a spider": "in a web", "a rabbit": "in a burrow", "a fox": "in a den",
    "a lion": "in the grasslands of Africa", "a penguin": "mostly on the cold coasts of the southern half of the world",
    "a polar bear": "in the Arctic", "a panda": "in the mountain forests of China", "a kangaroo": "in Australia",
    "a koala": "in the eucalyptus forests of Australia", "a camel": "in deserts",
        "a llama": "in the Andes of South America",
    "an alpaca": "in the Andes of South America", "a vicuña": "high in the Andes", "a tiger": "in the forests of Asia",
    "a giraffe": "in the savannas of Africa", "a shark": "in the sea", "a whale": "in the sea",
        "a frog": "near ponds and streams",
    "a sloth": "in the rainforests of Central and South America", "a beaver": "in rivers and lakes, in a lodge",
    "a gorilla": "in the forests of central Africa", "a lemur": "in Madagascar",
        "an ant": "in a nest called an anthill",
    "a wolf": "in forests and plains of the north", "a zebra": "in the grasslands of Africa",
        "a jaguar": "in the forests of South and Central America",
    "a yak": "in the Himalayas and Tibet", "a moose": "in the northern forests",
        "a snow leopard": "in the mountains of Central Asia",
    "an orangutan": "in the rainforests of Borneo and Sumatra",
}  # fmt: skip

GROUPS = {
    "sheep": "a flock", "llamas": "a herd", "cows": "a herd", "elephants": "a herd", "wolves": "a pack",
        "lions": "a pride",
    "birds": "a flock", "fish": "a school", "bees": "a swarm", "ants": "a colony", "whales": "a pod",
        "dolphins": "a pod",
    "crows": "a murder", "geese": "a gaggle", "puppies": "a litter", "kittens": "a litter", "owls": "a parliament",
    "horses": "a herd", "alpacas": "a herd", "penguins": "a colony", "monkeys": "a troop",
}  # fmt: skip

SUPERLATIVES = {
    "the biggest animal": "the blue whale", "the biggest land animal": "the African elephant", "the fastest animal on land": "the cheetah", "the biggest bird": "the ostrich",
    "the biggest fish": "the whale shark", "the biggest cat": "the tiger",
    "the largest animal": "the blue whale", "the largest land animal": "the African elephant",
        "the tallest animal": "the giraffe",
    "the fastest land animal": "the cheetah", "the fastest bird": "the peregrine falcon",
        "the largest bird": "the ostrich",
    "the smallest bird": "the bee hummingbird", "the largest cat": "the tiger", "the largest fish": "the whale shark",
    "the slowest mammal": "the sloth", "the largest rodent": "the capybara",
        "the largest reptile": "the saltwater crocodile",
    "the largest ape": "the gorilla", "the largest lizard": "the Komodo dragon",
}  # fmt: skip

# From the largest to the smallest.
BY_SIZE = (
    "a blue whale", "an elephant", "a hippopotamus", "a giraffe", "a horse", "a cow", "a llama", "a sheep", "a fox", "a cat", "a hedgehog", "a mouse", "a bee", "an ant",
)  # fmt: skip
THINGS_BY_SIZE = (
    "a galaxy", "the Sun", "Jupiter", "the Earth", "the Moon", "a mountain", "a house", "a bus", "a car", "a chair", "a book", "an apple", "a coin", "a grain of sand", "an atom",
)  # fmt: skip

CLASSES = {
    "a mammal": ("a dog", "a cat", "a horse", "a cow", "a llama", "an alpaca", "a whale", "a dolphin", "a bat", "a mouse", "an elephant", "a lion", "a bear", "a kangaroo", "a seal", "a rabbit", "a fox", "a camel"),
    "a bird": ("an eagle", "an owl", "a penguin", "an ostrich", "a duck", "a chicken", "a condor", "a parrot", "a swan", "a flamingo", "a hummingbird", "a sparrow", "a goose"),
    "a fish": ("a shark", "a salmon", "a tuna", "a trout", "a goldfish", "a carp", "a sea horse", "an eel"),
    "a reptile": ("a snake", "a lizard", "a turtle", "a crocodile", "a chameleon", "a gecko", "an iguana"),
    "an insect": ("a bee", "an ant", "a butterfly", "a fly", "a beetle", "a mosquito", "a cricket", "a ladybird"),
    "an amphibian": ("a frog", "a toad", "a newt", "a salamander"),
}  # fmt: skip

FLIERS = {
    "a bat": "yes", "a bee": "yes", "an eagle": "yes", "an owl": "yes", "a butterfly": "yes", "a condor": "yes", "a parrot": "yes", "a duck": "yes", "a fly": "yes", "a swan": "yes", "a hummingbird": "yes", "a mosquito": "yes",
    "a penguin": "no", "an ostrich": "no", "a dog": "no", "a cat": "no", "a llama": "no", "a horse": "no", "a snake": "no", "a fish": "no", "an elephant": "no", "a frog": "no", "a pig": "no", "a cow": "no", "a spider": "no",
}  # fmt: skip
