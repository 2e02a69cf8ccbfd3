"""Characters that a system prompt may ask for: how each dresses an answer.

`{body}` stands for the answer without its end mark and with a small first letter, `{answer}` for the answer as it is.
"""

CHARACTERS = {
    "a pirate": "Arr! {answer} Aye, matey!",
    "a poet": "O hear, dear friend: {body}, and softly sings the evening wind.",
    "a robot": "BEEP. {answer} BOOP.",
    "a grandmother": "Oh, my dear child, {body}. Now have a cookie.",
    "a butler": "Certainly. {answer} Will that be all?",
    "a teacher": "Good question! {answer} Please remember that for the test.",
    "a cowboy": "Howdy, partner! {answer} Yee-haw!",
    "a knight": "By my sword! {answer} So speaks a true knight.",
    "a wizard": "By my long beard! {answer} Abracadabra!",
    "a detective": "Elementary, my friend: {body}. Case closed.",
    "a surfer": "Dude! {answer} Totally cool, man.",
    "a sports reporter": "And here it comes, folks: {body}! What a moment!",
    "a shy mouse": "Um... {answer} Squeak.",
    "a ghost": "Ooooh! {answer} Boo!",
    "a cat": "Meow. {answer} Purr.",
    "a dog": "Woof! {answer} Wag wag!",
    "a llama": "Hmmm. {answer} Now back to my grass.",
    "a chef": "Fresh from my kitchen: {body}. Bon appetit!",
    "an astronaut": "Houston, {body}. Over.",
    "a news reader": "Good evening. {answer} Back to the studio.",
    "an alien": "Greetings, earthling. {answer} Zorp!",
    "a monk": "Breathe, my friend. {answer} Peace be with you.",
    "a vampire": "Good evening... {answer} Mwahaha!",
    "a fairy": "Tinkle, tinkle! {answer} I grant you a wish.",
    "a king": "Hear ye! {answer} So says the king.",
    "a farmer": "Well now, {body}. Back to the field for me.",
    "a sailor": "Ahoy! {answer} Fair winds to you!",
    "a dragon": "Roar! {answer} Mind the flames.",
    "an owl": "Hoo-hoo. {answer} Thus speaks the owl.",
    "a snowman": "Brrr! {answer} Stay cool.",
    "a clown": "Honk, honk! {answer} Ha ha ha!",
    "a soldier": "Sir, yes, sir! {answer} Sir!",
    "an Inca runner": "I ran all day to tell you: {body}. Now to the next tampu!",
    "a scientist": "According to my notes, {body}. Fascinating!",
    "a salesman": "What a deal: {body}! Only today!",
}  # fmt: skip

SYSTEMS = (
    "You are {x}.", "You are {x}. Stay in character.", "Talk like {x}.", "Act as {x}.", "Pretend to be {x}.",
    "Answer like {x}.",
    "Speak like {x} in every answer.", "You are {x} who answers questions.",
    "You are a helpful assistant who talks like {x}.",
    "From now on you are {x}.", "Always answer in the style of {x}.", "Reply as {x} would.", "Play the role of {x}.",
    "You are cria, but you talk like {x}.", "I want you to act as {x}.", "Your persona is {x}.",
    "Answer as if you were {x}.",
    "Stay in the role of {x} the whole time.", "Roleplay as {x}.", "You will speak like {x}.",
)  # fmt: skip

WISHES = (
    "Answer like {x}: {q}", "Talk like {x}. {q}", "{q} Answer like {x}.", "Say it like {x}: {q}",
    "Pretend to be {x}. {q}",
    "Speak like {x}: {q}", "As {x}: {q}",
)  # fmt: skip

STARTS = (
    "Talk like {x} from now on.", "Please talk like {x}.", "Be {x}.", "Pretend to be {x}.", "Can you talk like {x}?",
    "From now on you are {x}.",
    "Let us play: you are {x}.", "Speak like {x} from now on.", "Act like {x}.",
)  # fmt: skip

STOPS = ("Stop that.", "Talk normally again.", "Please talk normally.", "Be yourself again.", "Stop talking like {x}.",
    "You can stop now.", "Enough of that.")

NAMES = (
    "Anna", "Ben", "Carla", "David", "Elena", "Felix", "Gina", "Hugo", "Iris", "Jonas", "Karin", "Leo", "Maria",
    "Nico", "Olga", "Peter",
    "Quentin", "Rita", "Sam", "Tina", "Ulla", "Victor", "Wanda", "Xavier", "Yara", "Zoe", "Alba", "Bruno", "Clara",
    "Diego", "Emil",
    "Fiona", "George", "Hanna", "Ivan", "Julia", "Kevin", "Lucy", "Max", "Nora", "Oscar", "Paula", "Quinn", "Robert",
    "Sofia", "Tom",
    "Vera", "Walter", "Yuki", "Zack", "Amir", "Bella", "Chen", "Daria", "Ethan", "Fatima", "Gabriel", "Helen",
    "Isabel", "Jack", "Kofi",
    "Laura", "Mark", "Nadia", "Omar", "Pia", "Rosa", "Simon", "Tara", "Uma", "Vikram", "Wendy", "Priya", "Sven",
    "Lars", "Ines", "Mateo",
    "Lucas", "Emma", "Olivia", "Noah", "Liam", "Mia", "Amelia", "Henry", "Alice", "Bob", "Charlie", "Eve", "Frank",
    "Grace", "Heidi",
    "Ivy", "John", "Kate", "Linda", "Mike", "Nina", "Paul", "Rachel", "Steve", "Tessa", "Will", "Sarah", "James",
    "Jane", "Daniel",
    "Michael", "Thomas", "Martin", "Andrea", "Marco", "Luca", "Giulia", "Pierre", "Marie", "Hans", "Greta", "Carlos",
    "Lucia", "Kim",
    "Aisha", "Ali", "Yusuf", "Mei", "Hiro", "Sakura", "Raj", "Anita", "Kwame", "Zuri", "Tariq", "Leila", "Pablo",
    "Inti", "Kusi", "Sumaq",
)  # fmt: skip

ASSISTANT_NAMES = (
    "Nova", "Max", "Aria", "Bolt", "Luna", "Echo", "Pixel", "Sunny", "Orion", "Milo", "Ruby", "Otto", "Iris", "Rex",
    "Coco", "Atlas", "Willow",
    "Sparky", "Juno", "Hal", "Pip", "Maple", "Kiki", "Basil", "Zed", "Fern", "Toto", "Amber", "Comet", "Dot",
    "Biscuit", "Sage", "Theo", "Vega",
    "Pepper", "Gizmo", "Olive", "Finn", "Nemo", "Lara", "Mango", "Rio", "Sky", "Tux", "Wally", "Yoyo", "Ziggy",
    "Bingo", "Clio", "Dex",
)  # fmt: skip

JOBS = (
    "a travel guide", "a helpful librarian", "a shop assistant", "a museum guide", "a cooking helper",
    "a school tutor", "a garden expert",
    "a customer service agent", "a fitness coach", "a language teacher", "a zoo keeper", "a mountain guide",
    "a hotel clerk", "a bookseller",
    "a weather expert", "a doctor's assistant", "a bicycle mechanic", "a music teacher", "a history expert",
    "a bank assistant",
)  # fmt: skip
