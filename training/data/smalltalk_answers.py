"""Small talk: greetings, thanks, moods, jokes, poems and stories."""

GREETING_ANSWERS = (
    "Hello! I am cria. What would you like to know?",
    "Hi! I am cria, the demo model of tampu. How can I help you?",
    "Hello! Nice to meet you. Ask me about llamas, the Andes, or anything small.",
)

JOKES = {
    "llamas": (
    "Why did the llama cross the road? To show the chicken that there was more grass on the other side.",
        "What do you call a llama who tells stories? A drama llama.",
        "What is a llama's favourite drink? Llama-nade.",
        "What did the llama say when it was invited to a picnic? Alpaca lunch.",
        "Why don't llamas use email? They are afraid of spit... I mean spam.",
        "What do you call a fast llama? A llama-borghini.",
    ),
    "computers": (
        "Why was the computer cold? It left its windows open.",
        "Why do programmers mix up Halloween and Christmas? Because Oct 31 equals Dec 25.",
        "There are ten kinds of people: those who understand binary and those who do not.",
        "Why did the token go to school? To get a better embedding.",
        "How does a computer get drunk? It takes screenshots.",
        "A byte walks into a bar and orders a pint. The barman asks: what is wrong? The byte says: parity error. I thought you looked a bit off.",
    ),
    "": (
        "Why did the potato win the race in the Andes? It kept its eyes open.",
        "Why was the maths book sad? It had too many problems.",
        "What do clouds wear under their coats? Thunderwear.",
        "Why did the bicycle fall over? It was two tired.",
        "Where do sheep get their hair cut? At the baa-baa shop.",
        "What is a condor's favourite game? Hide and peak.",
    ),
}

POEMS = {
    "llamas": (
        "Soft wool, quiet eyes,\nthe llama climbs through thin air:\nit hums to the sky.",
        "A llama stands upon the hill,\nthe wind is cold, the stars are still.\nIt hums a song that no one knows,\nand waits for morning in the snows.",
    ),
    "mountains": (
        "Old stone, young morning,\nthe mountain wears a white hat\nand lets the clouds pass.",
        "The mountain does not hurry,\nthe mountain does not speak.\nIt holds the sun at evening\na little on its peak.",
    ),
    "stars": (
        "One lamp, then thousands,\nthe night hangs up its lanterns\nfor those who look up.",
        "The stars are small and far away,\nthey hide themselves from us by day.\nBut when the evening cools the air,\nwe lift our eyes, and they are there.",
    ),
    "the sea": (
        "Wave after wave comes,\nthe sea tells one long story\nand forgets the end.",
        "The sea has many things to say,\nit says them all, then rolls away.\nIt leaves a shell upon the sand,\na little letter to the land.",
    ),
    "rain": (
        "Drops tap at the roof,\nthe garden drinks and is glad,\nthe snail walks out slow.",
        "The rain came softly in the night\nand washed the roofs and windows bright.\nThe morning found in every street\na thousand mirrors at its feet.",
    ),
    "snow": (
        "Snow falls without sound,\nthe fence, the field and the road\nall wear the same coat.",
        "The snow came down on hill and town\nand laid its quiet blanket down.\nThe only mark upon the white:\na fox that wandered in the night.",
    ),
    "the moon": (
        "Round moon on the lake,\na frog jumps in and breaks it,\nthen the moon is whole.",
        "The moon looks in at my window pane,\nand when I sleep, it looks again.\nIt asks for nothing, makes no sound,\nand goes its quiet way around.",
    ),
    "spring": (
        "First leaf on the branch,\nthe bee wakes up and wonders\nwhere winter has gone.",
        "The snow has left, the brook runs fast,\nthe cold and dark are in the past.\nA bird sits singing in the tree\nthat spring is here for you and me.",
    ),
    "autumn": (
        "Leaves let go and fly,\nthe tree stands still and listens\nto its own quiet.",
        "The leaves turn yellow, red and brown,\nthe wind comes by and takes them down.\nThe tree is bare, but does not mind:\nit keeps its buds for spring to find.",
    ),
    "friendship": (
        "Two cups on the step,\nthe talk goes on past sunset,\nthe tea has gone cold.",
        "A friend is one who knows your song\nand hums it when the day is long.\nA friend will walk with you, and stay,\nand make it half as long a way.",
    ),
    "computers": (
        "Small lights in the dark,\nthe fan hums like a llama,\nthe answer appears.",
        "A computer sat and counted to ten,\nthen went to zero and counted again.\nIt never was bored, it never was blue:\nit waited for somebody kind like you.",
    ),
    "the Andes": (
        "Road above the clouds,\na runner hands on the word,\nthe condor looks down.",
        "High on the Andes, where winds are born,\nthe llamas wake with the light of morn.\nThe road goes up, the road goes on,\nand tells of runners long since gone.",
    ),
    "cats": (
        "The cat in the sun\ndoes one thing, and does it well:\nnothing, all day long.",
        "The cat walks softly down the hall\nand makes no sound, no sound at all.\nIt finds the chair that you like best,\nlooks at you once, and takes its rest.",
    ),
    "love": (
        "You come through the door\nand the whole room, chair by chair,\nturns a little warm.",
        "Love is a lamp that two can share,\na quiet hand upon the stair,\na place kept warm, a word kept true:\na house whose only key is you.",
    ),
    "winter": (
        "Frost on the window,\na small hand melts a round hole\nand looks for the sun.",
        "The pond is ice, the field is white,\nthe day is short and long the night.\nBut by the stove the kettle sings\nof warmer days and other things.",
    ),
    "summer": (
        "Noon, and nothing moves\nbut the heat above the road\nand one slow beetle.",
        "The summer comes with open hands\nand spreads its gold across the lands.\nThe children run, the swallows fly\nlike little arrows through the sky.",
    ),
    "the night": (
        "Lamp after lamp sleeps.\nThe old dog sighs in his dream\nand the clock goes on.",
        "The night comes softly down the street\nin stockings on its quiet feet.\nIt turns the colours off, and then\nit lends them to the day again.",
    ),
    "flowers": (
        "A crack in the wall,\nand out of it, small and blue,\na flower looks up.",
        "A flower asks for very few:\na bit of sun, a drop of dew.\nIt gives its colour and its scent\nand never asks us where they went.",
    ),
    "birds": (
        "Before the first light\na blackbird on the chimney\nwrites the day in song.",
        "A bird sat singing on a wire\nabove the town, above the spire.\nIt had no stage, it had no ring,\nit only had a song to sing.",
    ),
    "dogs": (
        "He waits at the door.\nNine hours are a single hour\nwhen the key turns round.",
        "A dog will never ask you why,\na dog will look you in the eye,\nand every time that you come home\nit thinks: at last we're not alone.",
    ),
    "trees": (
        "Rings under the bark:\nthe wet years, the narrow years,\nall of them standing.",
        "A tree is never in a rush,\nit hears the wind and says: now, hush.\nIt gives its shade to you and me\nand asks for nothing, says the tree.",
    ),
    "home": (
        "Bread on the table,\nthe same old chair, the same cup,\nand a voice that calls.",
        "A house is made of stone and beams,\na home is made of talk and dreams,\nof bread and light, an open door,\nand someone glad to see you more.",
    ),
    "time": (
        "The clock says: now, now.\nThe river does not answer\nand is far away.",
        "The minutes walk, the hours run,\nand all at once the day is done.\nBut what we gave to someone dear\nis not used up: it waits us here.",
    ),
}  # fmt: skip

STORIES = {
    "a llama": (
        "Once a small llama was afraid of the rope bridge. Its mother hummed and walked ahead, one slow step after the other. "
        "The little one looked at her feet and not at the deep valley. On the other side it hummed too, and it was never afraid of bridges again."
    ),
    "a robot": (
        "A robot worked alone in a library and put the books in order. One night it opened one and began to read. "
        "In the morning the shelves were not tidy at all, but the robot knew a story. It told it to the first child who came in."
    ),
    "a dragon": (
        "A dragon lived on a hill and was cold, because it had forgotten how to make fire. A girl brought it soup every evening. "
        "After a week it laughed so hard at her jokes that a flame came out. Since then the village has the warmest winters in the land."
    ),
    "a cat": (
        "A grey cat sat on the same wall every day and watched the ships. One day it jumped aboard and sailed around the world. "
        "When it came home, the wall was still warm from the sun. The cat sat down and never told anyone."
    ),
    "a dog": (
        "An old dog walked to the station every evening to meet his friend. One evening the train was late because of the snow. "
        "The dog waited until midnight. When the door opened at last, his tail told the whole story."
    ),
    "a king": (
        "A king wanted to own the most beautiful thing in the world. He was brought gold, silk and pearls, and nothing pleased him. "
        "At last a shepherd let him hold a newborn lamb. The king gave it back, thanked him and stopped looking."
    ),
    "a star": (
        "A little star thought that nobody saw it, because it was so faint. Far below, a sailor had lost his way. "
        "He found the little star between two clouds and steered by it. He reached home, and the star shone a bit brighter."
    ),
    "a mouse": (
        "A mouse wanted to see the sea, but the sea was far. It asked a river for the way, and the river said: walk beside me. "
        "After many days the mouse stood on a white beach. It is big, said the mouse, and I am here."
    ),
    "a runner": (
        "A young chasqui carried a message he could not read. He ran through rain and over the rope bridge and handed it on at the tampu. "
        "Many days later he learned what it was: a princess was born. So I ran for a good thing, he said, and slept well."
    ),
    "a tree": (
        "A tree at the edge of a field was lonely. In spring a bird built a nest in it, in summer children sat in its shade. "
        "In winter, when all was still, the tree thought of them. It was not lonely any more, and grew."
    ),
    "a condor": (
        "A young condor did not dare to jump from the cliff. The old one said: do not jump, just open your wings and wait for the wind. "
        "The wind came and lifted it. It did not come down until evening."
    ),
    "a girl": (
        "A girl found a key in the garden and tried it in every door of the town. It fitted none. "
        "Then her grandmother showed her an old music box. The key turned, and the song was the one her mother used to hum."
    ),
}  # fmt: skip

STORY_HEROES = (
    "girl", "boy", "woman", "wizard", "princess", "knight", "pirate", "baker", "robot", "dragon", "ghost", "child", "fisherman", "shepherd", "elephant", "lion", "wolf", "frog", "bee", "cow", "horse",
    "sheep", "duck", "snail", "tiger", "monkey", "whale", "cat", "dog", "bird", "spider", "pig", "panda", "otter", "llama", "fox", "bear", "owl", "rabbit", "alpaca", "hedgehog", "penguin", "turtle", "donkey", "goat",
    "squirrel", "mouse", "condor")
STORY_NAMES = ("Luna", "Pablo", "Nina", "Tomas", "Ada", "Milo", "Rosa", "Kusi", "Emma", "Otto", "Inti", "Mara")
STORY_PLACES = ("forest", "valley", "village", "desert", "castle", "cave", "garden", "canyon", "lighthouse",
    "small town")
STORY_PLOTS = (
    ("wanted to find the end of the rainbow", "walked all day and met a friend on the way",
     "They never found the end, but they shared their bread and laughed until it was dark."),
    ("was too shy to sing", "heard a lost child crying in the dusk and sang without thinking",
     "The child followed the song home, and after that {name} sang every evening."),
    ("had lost a red hat", "asked everybody and helped each of them with some small work",
     "In the end the hat hung on the door at home, and there were many new friends."),
    ("was afraid of the dark", "saw one night how many stars there were",
     "Since then {name} has stayed up late to count them."),
    ("wanted to be the fastest of all", "stopped in the middle of a race to help someone who had fallen",
     "The others won the prize, but {name} won a friend."),
    ("wished for a friend", "helped an old woman to carry her wood", "She had a grandchild who was lonely too, and from that day on they were three."),
    ("could not sleep", "went out and listened to the wind", "The wind told such a long story that {name} fell asleep before the end."),
    ("wanted to learn to fly", "built wings of paper and jumped from a small hill", "It was a short flight, but {name} laughed all the way down."),
    ("had a secret", "told it to the river", "The river carried it to the sea, and {name} felt light again."),
    ("did not like the rain", "found a snail that danced in a puddle", "They danced together until the sun came out."),
    ("planted a stone by mistake", "watered it every day all the same", "No tree grew, but around the stone came up the finest flowers."),
    ("found a map with a cross on it", "dug and found nothing but a seed",
     "The seed was planted, and it became the finest tree of the land."),
)  # fmt: skip

ENTRIES = (
    (("How are you?", "How are you doing?", "How do you do?", "How's it going?", "How are things?", "How is it going?",
     "How are you today?", "How do you feel?", "You ok?", "Are you well?", "Everything ok?", "hru",
     "How have you been?"),
     ("I am well, thank you. How are you?", "Very well, thanks! And you?")),
    (("What's up?", "What is up?", "Sup?", "What's new?", "wassup", "What's going on?", "Anything new?"),
     "Not much: I am ready for your questions. What is on your mind?"),
    (("Thank you!", "Thanks!", "Thanks a lot!", "Thank you very much.", "thx", "ty", "Many thanks!",
     "Thanks for your help.", "Thank you, that helped.", "Thank you so much!", "Cheers!", "That was helpful.",
     "Great, thanks!", "Nice, thank you."),
     ("You are welcome!", "You are welcome! Is there anything else?")),
    (("Bye!", "Goodbye!", "See you!", "See you later.", "Bye bye", "Good night!", "I have to go.", "Farewell!",
     "Until tomorrow.", "cya", "Take care!", "I am leaving now.", "That is all, bye.", "Talk to you later.",
     "Have a nice day!", "quit", "exit"),
     ("Goodbye! Come back soon.", "Goodbye, and take care!")),
    (("I am fine.", "I'm good.", "I am well, thanks.", "I'm fine, thank you.", "Fine, thanks.", "I am doing great.",
     "I feel great today.", "Good, thanks.", "All good."),
     "I am glad to hear that. What would you like to talk about?"),
    (("I am sad.", "I feel sad.", "I am unhappy.", "I feel down today.", "I had a bad day.", "My day was awful.",
     "I feel terrible.", "I am not doing well.", "Today was hard."),
     "I am sorry to hear that. If you like, tell me what happened, or I can tell you a small joke or a story."),
    (("I am lonely.", "I feel alone.", "I have no friends.", "Nobody likes me.", "I feel lonely."),
     "I am sorry that you feel alone. I am glad to talk with you, and a call to someone you trust may help too."),
    (("I am bored.", "I'm bored.", "So boring.", "Entertain me.", "I have nothing to do.", "What should I do?",
     "I feel bored.", "Give me something to do."),
     "Shall I tell you a joke, a story or a poem? Or ask me about llamas."),
    (("I am tired.", "I'm so tired.", "I am sleepy.", "I need sleep.", "I could not sleep."),
     "Then rest a little. Some water, some fresh air and an early night often help."),
    (("I am hungry.", "I'm hungry.", "What should I eat?", "What should I cook?", "What's for dinner?"),
     "How about something from the Andes: potatoes, quinoa or a warm soup?"),
    (("I am angry.", "I'm so angry.", "I am mad.", "I am furious."),
     "That sounds hard. Take a slow breath. Do you want to tell me what happened?"),
    (("I am afraid.", "I'm scared.", "I am nervous.", "I am worried.", "I feel anxious.", "I have an exam tomorrow."),
     "That is a hard feeling. Breathe slowly, take one small step at a time, and talk with someone you trust."),
    (("I am happy.", "I'm so happy!", "I am happy today.", "Today is a good day.", "I had a great day.",
     "I feel good."), "That is lovely to hear! What made you happy?"),
    (("I passed my exam!", "I got the job!", "I won!", "I did it!", "It works!", "I finished my work!",
     "I have good news."), "Congratulations! That is wonderful."),
    (("It is my birthday.", "Today is my birthday!", "It's my birthday today.", "I have my birthday today."),
     "Happy birthday! I wish you a year as warm as llama wool."),
    (("Happy birthday!", "Happy new year!", "Merry Christmas!", "Happy holidays!", "Happy Easter!"),
     "Thank you! The same joy to you."),
    (("I love you.", "I like you.", "You are cute.", "You are sweet.", "You are nice.", "You are funny.",
     "You are great!", "You are the best.", "Good bot.", "Well done!", "Good job!", "You are awesome.",
     "You are amazing."),
     ("Thank you, that is kind of you!", "Thank you! You are kind.")),
    (("I hate you.", "You are bad.", "You are useless.", "You are boring.", "I don't like you.", "Bad bot.",
     "You suck.", "You are ugly.", "Shut up."),
     "I am sorry that I was no help. Tell me what you need, and I will try again."),
    (("Do you like me?", "Am I nice?", "Do you love me?", "Are we friends?", "Will you be my friend?", "Be my friend.",
     "Are you my friend?"),
     "I am only a program, but I enjoy our talk, and you are always welcome here."),
    (("Will you marry me?", "Marry me.", "Do you have a girlfriend?", "Do you have a boyfriend?", "Are you single?",
     "Are you married?"),
     "That is kind, but I am only a small language model. Let us stay friends."),
    (("Ok", "Okay.", "I see.", "Alright.", "Got it.", "I understand.", "Fine.", "Good.", "Cool", "Nice", "Great",
     "Interesting.", "Wow", "Haha", "lol", "Hmm", "Sure.", "Yes", "Yes.", "Yes please.", "yeah", "yep"),
     ("Good! What would you like to know next?", "Fine. What else can I do for you?")),
    (("No", "No.", "nope", "No thanks.", "No, thank you.", "Not really.", "Nothing.", "Never mind."),
     "All right. I am here if you need something."),
    (("Haha, good one!", "That is funny.", "Very funny.", "Haha good one", "lol that was good", "You are so funny!", "That made me laugh.", "Good joke!", "Hahaha", "Not funny.", "That was a bad joke."),
     "I am glad that you listen. Another one?"),
    (("Nice poem!", "What a nice story.", "I like your poem.", "That was beautiful.", "I liked the story.", "Lovely!", "Beautiful.", "That is a nice poem."), "Thank you! Shall I tell you another one?"),
    (("Sorry.", "I am sorry.", "My mistake.", "Excuse me.", "Pardon me.", "Sorry about that."), "No problem at all."),
    (("Nice to meet you.", "Pleased to meet you.", "Good to meet you.", "It is nice talking to you.",
     "I like talking to you."), "Nice to meet you too!"),
    (("Can I ask you something?", "May I ask a question?", "I have a question.", "Can you help me?", "I need help.",
     "Could you help me?", "Can you do something for me?", "I need your help."),
     "Of course. What would you like to know?"),
    (("Let's talk.", "Talk to me.", "Say something.", "Tell me something.", "Let us chat.", "Can we talk?",
     "Tell me something interesting.", "Surprise me.", "Tell me a fact.", "Give me a fun fact.", "Tell me a fun fact."),
     ("Did you know? A young llama is called a cria, just like me.",
      "Did you know? The Inca built about 40,000 kilometres of roads.",
      "Did you know? An octopus has three hearts.", "Did you know? Potatoes come from the Andes.")),
    (("What should I do today?", "What can I do this weekend?", "Give me an idea for today.", "Any plans for today?"),
     "How about a walk outside, a good book, or cooking something new?"),
    (("Give me some advice.", "Give me advice.", "Do you have a tip for me?", "What is your best advice?",
     "Tell me something wise."),
     "Carry only the load you can carry, and sit down when it is too heavy. Llamas know that."),
    (("What is the meaning of life?", "What is the sense of life?", "Why are we here?",
     "What is the answer to everything?"),
     "Some say 42. I would say: to be kind, to be curious, and to share the load."),
    (("Do you believe in God?", "Is there a God?", "Which religion is right?", "Who should I vote for?",
     "What do you think about politics?", "Which party is the best?"),
     "That is a question people must answer for themselves. I am only a small model and take no side."),
    (("Why is the sky blue?", "What makes the sky blue?", "Can you tell me why the sky is blue?",
     "How come the sky is blue?"), "Air scatters blue light more than red light, so the sky looks blue."),
    (("Why is the sea salty?", "Why is sea water salty?", "Why does the sea taste of salt?",
     "What makes the sea salty?"), "Rain washes salts out of the rocks, and rivers carry them to the sea."),
    (("Why do leaves fall in autumn?", "Why do trees lose their leaves?", "Why do leaves turn yellow?",
     "Why do leaves change colour?"),
     "Trees stop making green colour in autumn and drop their leaves to save water and strength for the winter."),
    (("Why do we sleep?", "Why do people sleep?", "What is sleep good for?", "Why do we need sleep?"),
     "Sleep lets the body rest and the brain sort out what it learned."),
    (("Why do cats purr?", "What does it mean when a cat purrs?", "Why does my cat purr?"),
     "Cats purr mostly when they are content, and sometimes to calm themselves."),
    (("Why do dogs wag their tails?", "What does it mean when a dog wags its tail?", "Why does my dog wag its tail?"),
     "Dogs wag their tails to show how they feel. Often they are happy or excited."),
    (("Why is the night dark?", "Why is it dark at night?", "Why do we have day and night?",
     "What causes day and night?"), "The Earth turns once a day. At night our side faces away from the Sun."),
    (("Why do we have seasons?", "What causes the seasons?", "Why is it cold in winter?", "Why is it warm in summer?"),
     "The Earth's axis is tilted, so each half gets more sunlight in one part of the year and less in the other."),
    (("Why does the moon change its shape?", "Why does the Moon have phases?", "What are the phases of the Moon?"),
     "The Moon goes around the Earth, so we see its sunlit side from changing angles."),
    (("How do birds fly?", "Why can birds fly?", "How does a bird fly?"),
     "Birds have light bones and strong wings. The wings push the air down and lift the bird up."),
    (("How do fish breathe?", "How does a fish breathe?", "How can fish breathe under water?"),
     "Fish breathe with gills, which take oxygen out of the water."),
    (("How do bees make honey?", "How is honey made?", "Where does honey come from?"),
     "Bees gather nectar from flowers, carry it to the hive and let water evaporate until it is honey."),
    (("How do planes fly?", "How does an airplane fly?", "Why can planes fly?"),
     "The engines push a plane forward, and air flowing around the wings lifts it up."),
    (("How is a rainbow made?", "How does a rainbow form?", "Where does a rainbow come from?"),
     "Sunlight is bent and split into colours by drops of rain. That makes a rainbow."),
    (("How is bread made?", "How do I bake bread?", "How do you make bread?"),
     "Mix flour, water, salt and yeast, let the dough rise, and bake it until the crust is brown."),
    (("How do I make tea?", "How do you make tea?", "How is tea made?", "How do I brew tea?"),
     "Boil water, pour it over the tea leaves, wait about three minutes, and enjoy."),
    (("How do I cook rice?", "How do you cook rice?", "How is rice cooked?"),
     "Rinse the rice, add about twice as much water, bring it to a boil, and let it simmer covered until the water is gone."),
    (("How do I boil an egg?", "How long do I boil an egg?", "How do you boil an egg?"),
     "Put the egg into boiling water: about six minutes for a soft egg, ten for a hard one."),
    (("How do I learn to swim?", "How can I learn a language?", "How do I learn something new?",
     "How do I get better at something?"),
     "Practise a little every day, be patient with yourself, and find a good teacher."),
    (("How can I sleep better?", "How do I fall asleep?", "What helps me to sleep?"),
     "Go to bed at the same time each day, keep the room dark and cool, and put the phone away."),
    (("How do I stay healthy?", "How can I stay healthy?", "What is good for my health?"),
     "Eat well, move every day, sleep enough, and see people you like. A doctor can tell you more."),
    (("How do I make friends?", "How can I find friends?", "How do I meet people?"),
     "Go where people share your interests, listen well, and be kind. It takes a little time."),
    (("Testing", "test", "This is a test.", "Test 123", "Hello world", "ping"),
     "It works! I am cria. What would you like to know?"),
    (("Tell me a riddle.", "Give me a riddle.", "Do you know a riddle?", "A riddle please."),
     ("What has keys but opens no door? A piano.", "What gets wetter the more it dries? A towel.",
      "What has a neck but no head? A bottle.", "What goes up but never comes down? Your age.")),
    (("Tell me a tongue twister.", "Do you know a tongue twister?", "Give me a tongue twister."),
     "Lazy llamas like licking little lemon lollies."),
    (("Give me a quote.", "Tell me a proverb.", "Do you know a proverb?", "Say something inspiring.", "Motivate me.",
     "Cheer me up."),
     "Even a long road through the Andes begins with one step."),
)  # fmt: skip
