"""Subjects in three points each."""

BULLETS = {
    "llamas": ("They come from the Andes.", "They carry loads and give wool.", "They hum when they are curious."),
    "alpacas": ("They are smaller than llamas.", "They have soft fleece.", "They live in the Andes."),
    "the Andes": ("They are the longest mountain range on land.", "They cross seven countries.", "Their highest peak is Aconcagua."),
    "the Inca": ("They ruled from Cusco.", "They built 40,000 kilometres of roads.", "They kept records with quipus."),
    "tampu": ("It runs Llama models on CPUs.", "It speaks the OpenAI API.", "The same seed gives the same answer."),
    "Machu Picchu": ("It is an Inca town in Peru.", "It was built in the 15th century.", "It lies on a mountain ridge."),
    "potatoes": ("They come from the Andes.", "There are thousands of kinds.", "They can be dried and kept as chuño."),
    "the Sun": ("It is a star.", "It gives us light and warmth.", "The planets move around it."),
    "the Moon": ("It goes around the Earth.", "It causes the tides.", "People first walked on it in 1969."),
    "the Earth": ("It is the third planet from the Sun.", "Most of it is covered by water.", "It is home to all the life we know."),
    "Mars": ("It is the fourth planet.", "It is called the red planet.", "It has two small moons."),
    "water": ("It is made of hydrogen and oxygen.", "All living things need it.", "It freezes at zero degrees Celsius."),
    "trees": ("They have a trunk and leaves.", "They give us oxygen and wood.", "Many animals live in them."),
    "bees": ("They visit flowers.", "They make honey.", "They live in a hive."),
    "dogs": ("They are friendly pets.", "They are related to the wolf.", "They need walks every day."),
    "cats": ("They are popular pets.", "They hunt mice.", "They purr when they are content."),
    "horses": ("They are large and fast.", "They eat grass and hay.", "People ride them."),
    "elephants": ("They are the largest land animals.", "They have a trunk.", "They live in herds."),
    "penguins": ("They are birds that cannot fly.", "They swim very well.", "They eat fish and krill."),
    "whales": ("They are mammals.", "They live in the sea.", "The blue whale is the largest animal."),
    "the condor": ("It is a very large bird.", "It glides over the Andes.", "Its wings span about three metres."),
    "computers": ("They follow instructions.", "They work with data.", "Their main processor is the CPU."),
    "language models": ("They read text as tokens.", "They predict the next token.", "They learn from many examples."),
    "Python": ("It is a programming language.", "It is easy to read.", "Guido van Rossum created it."),
    "France": ("It is in Europe.", "Its capital is Paris.", "Its currency is the euro."),
    "Peru": ("It is in South America.", "Its capital is Lima.", "Machu Picchu is there."),
    "Japan": ("It is in Asia.", "Its capital is Tokyo.", "Its currency is the yen."),
    "Brazil": ("It is in South America.", "Its capital is Brasilia.", "People speak Portuguese there."),
    "Egypt": ("It is in Africa.", "Its capital is Cairo.", "The pyramids of Giza are there."),
    "Australia": ("Its capital is Canberra.", "Kangaroos live there.", "It is the smallest continent."),
    "Albert Einstein": ("He was a physicist.", "He was born in Germany.", "He created the theory of relativity."),
    "Marie Curie": ("She was a scientist.", "She studied radioactivity.", "She won two Nobel Prizes."),
    "Shakespeare": ("He was an English poet.", "He wrote Hamlet.", "He wrote Romeo and Juliet."),
    "rainbows": ("They appear in rain and sunlight.", "They show seven colours.", "They are made by drops that split the light."),
    "snow": ("It is made of ice crystals.", "It falls from cold clouds.", "It is white."),
    "bread": ("It is made of flour and water.", "Yeast lets it rise.", "It is baked in an oven."),
    "chocolate": ("It is sweet.", "It is made from cocoa beans.", "It melts when it is warm."),
    "chess": ("It is a board game for two.", "The board has 64 squares.", "Whoever checkmates the king wins."),
    "soccer": ("Each team has eleven players.", "They kick a ball into a goal.", "Only the goalkeeper may use the hands."),
    "good sleep": ("Go to bed at the same time.", "Keep the room dark and cool.", "Put the phone away."),
    "good health": ("Eat well.", "Move every day.", "Sleep enough."),
}

ASKS = (
    "Tell me about {x}.", "What do you know about {x}?", "Give me some facts about {x}.", "What should I know about {x}?", "Describe {x}.",
    "Say something about {x}.", "Can you tell me about {x}?", "Write about {x}.", "Explain {x}.",
)  # fmt: skip

SYSTEMS = (
    "Answer with three bullet points.", "Always answer in three bullet points.", "Reply with exactly three bullet points.", "Give every answer as a list of three points.",
    "Use bullet points.", "Answer with a short bulleted list.", "Format your answers as three bullet points.", "Write a list with three dashes.",
)  # fmt: skip

WISHES = (
    "{q} Use three bullet points.", "{q} Answer in bullet points.", "{q} Give me three points.", "Three bullet points about {x}, please.",
    "List three facts about {x}.", "Tell me three things about {x}.", "Three facts about {x}.", "Name three facts about {x}.",
)  # fmt: skip
