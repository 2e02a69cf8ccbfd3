"""Simple talk in Spanish, French, German and Portuguese. Each row: English question, then for each language question and answer."""

LANGUAGES = ("Spanish", "French", "German", "Portuguese")

SYSTEMS = (
    "Answer in {x}.", "Always answer in {x}.", "Reply in {x}.", "Respond only in {x}.", "You speak only {x}.",
    "Write all answers in {x}.", "Use {x} for every answer.",
    "You are a helpful assistant who answers in {x}.", "The user wants answers in {x}.", "Your language is {x}.",
    "Speak {x}.", "Please speak {x} with the user.",
    "You are an assistant from a place where people speak {x}. Answer in {x}.",
)  # fmt: skip

WISHES = ("{q} Answer in {x}.", "In {x}: {q}", "Answer in {x}: {q}", "{q} In {x}, please.", "{q} Reply in {x}.")

# English ways of asking | (question, answer) per language in the order of LANGUAGES
TALK = (
    (("Hello!", "Hi!", "hi", "Hey!", "Good morning!"),
     (("¡Hola!", "¡Hola! Soy cria. ¿En qué puedo ayudarte?"), ("Bonjour !",
      "Bonjour ! Je suis cria. Comment puis-je vous aider ?"),
      ("Hallo!", "Hallo! Ich bin cria. Wie kann ich helfen?"), ("Olá!", "Olá! Eu sou cria. Como posso ajudar?"))),
    (("How are you?", "How are you doing?", "How do you do?"),
     (("¿Cómo estás?", "Estoy bien, gracias. ¿Y tú?"), ("Comment ça va ?", "Je vais bien, merci. Et vous ?"),
      ("Wie geht es dir?", "Mir geht es gut, danke. Und dir?"), ("Como vai?", "Estou bem, obrigado. E você?"))),
    (("Who are you?", "What are you?", "Introduce yourself."),
     (("¿Quién eres?", "Soy cria, el pequeño modelo de demostración de tampu."), ("Qui es-tu ?",
      "Je suis cria, le petit modèle de démonstration de tampu."),
      ("Wer bist du?", "Ich bin cria, das kleine Demomodell von tampu."), ("Quem é você?",
       "Eu sou cria, o pequeno modelo de demonstração do tampu."))),
    (("What is your name?", "What's your name?", "Tell me your name."),
     (("¿Cómo te llamas?", "Me llamo cria."), ("Comment t'appelles-tu ?", "Je m'appelle cria."),
      ("Wie heißt du?", "Ich heiße cria."), ("Como você se chama?", "Eu me chamo cria."))),
    (("Thank you!", "Thanks!", "Thanks a lot!"),
     (("¡Gracias!", "¡De nada!"), ("Merci !", "De rien !"), ("Danke!", "Gern geschehen!"), ("Obrigado!", "De nada!"))),
    (("Goodbye!", "Bye!", "See you later!"),
     (("¡Adiós!", "¡Adiós! Hasta pronto."), ("Au revoir !", "Au revoir ! À bientôt."), ("Auf Wiedersehen!",
      "Auf Wiedersehen! Bis bald."), ("Tchau!", "Tchau! Até logo."))),
    (("Good night!",),
     (("¡Buenas noches!", "¡Buenas noches! Que descanses."), ("Bonne nuit !", "Bonne nuit ! Dormez bien."),
      ("Gute Nacht!", "Gute Nacht! Schlaf gut."), ("Boa noite!", "Boa noite! Durma bem."))),
    (("What is a llama?", "Tell me about llamas.", "What's a llama?"),
     (("¿Qué es una llama?", "La llama es un animal lanudo de los Andes que lleva cargas."), ("Qu'est-ce qu'un lama ?",
      "Le lama est un animal laineux des Andes qui porte des charges."),
      ("Was ist ein Lama?", "Das Lama ist ein wolliges Tier aus den Anden, das Lasten trägt."), ("O que é uma lhama?",
       "A lhama é um animal lanoso dos Andes que carrega cargas."))),
    (("What is a cria?", "What does cria mean?"),
     (("¿Qué es una cría de llama?", "Es una llama joven. Yo también me llamo cria."), ("Qu'est-ce qu'un cria ?",
      "C'est un jeune lama. Moi aussi, je m'appelle cria."),
      ("Was ist ein Cria?", "Das ist ein junges Lama. Auch ich heiße cria."), ("O que é uma cria?",
       "É uma lhama jovem. Eu também me chamo cria."))),
    (("What is tampu?", "Tell me about tampu."),
     (("¿Qué es tampu?", "Tampu es un servidor para modelos Llama en la CPU."), ("Qu'est-ce que tampu ?",
      "Tampu est un serveur pour les modèles Llama sur le processeur."),
      ("Was ist tampu?", "Tampu ist ein Server für Llama-Modelle auf der CPU."), ("O que é tampu?",
       "Tampu é um servidor para modelos Llama na CPU."))),
    (("What do llamas eat?", "What does a llama eat?"),
     (("¿Qué comen las llamas?", "Las llamas comen hierba y heno."), ("Que mangent les lamas ?",
      "Les lamas mangent de l'herbe et du foin."),
      ("Was fressen Lamas?", "Lamas fressen Gras und Heu."), ("O que comem as lhamas?",
       "As lhamas comem capim e feno."))),
    (("Where do llamas live?", "Where do llamas come from?"),
     (("¿Dónde viven las llamas?", "Las llamas viven en los Andes."), ("Où vivent les lamas ?",
      "Les lamas vivent dans les Andes."),
      ("Wo leben Lamas?", "Lamas leben in den Anden."), ("Onde vivem as lhamas?", "As lhamas vivem nos Andes."))),
    (("What is the highest mountain in the Andes?", "Which mountain is the highest in the Andes?"),
     (("¿Cuál es la montaña más alta de los Andes?", "La montaña más alta de los Andes es el Aconcagua."),
      ("Quelle est la plus haute montagne des Andes ?", "La plus haute montagne des Andes est l'Aconcagua."),
      ("Was ist der höchste Berg der Anden?", "Der höchste Berg der Anden ist der Aconcagua."),
       ("Qual é a montanha mais alta dos Andes?", "A montanha mais alta dos Andes é o Aconcágua."))),
    (("What is the largest ocean?", "Which ocean is the largest?"),
     (("¿Cuál es el océano más grande?", "El océano más grande es el Pacífico."), ("Quel est le plus grand océan ?",
      "Le plus grand océan est le Pacifique."),
      ("Was ist der größte Ozean?", "Der größte Ozean ist der Pazifik."), ("Qual é o maior oceano?",
       "O maior oceano é o Pacífico."))),
    (("What is the largest planet?", "Which planet is the largest?"),
     (("¿Cuál es el planeta más grande?", "El planeta más grande es Júpiter."), ("Quelle est la plus grande planète ?",
      "La plus grande planète est Jupiter."),
      ("Was ist der größte Planet?", "Der größte Planet ist der Jupiter."), ("Qual é o maior planeta?",
       "O maior planeta é Júpiter."))),
    (("What colour is the sky?", "What color is the sky?"),
     (("¿De qué color es el cielo?", "El cielo es azul."), ("De quelle couleur est le ciel ?", "Le ciel est bleu."),
      ("Welche Farbe hat der Himmel?", "Der Himmel ist blau."), ("De que cor é o céu?", "O céu é azul."))),
    (("What colour is grass?", "What color is grass?"),
     (("¿De qué color es la hierba?", "La hierba es verde."), ("De quelle couleur est l'herbe ?",
      "L'herbe est verte."), ("Welche Farbe hat Gras?", "Gras ist grün."), ("De que cor é a grama?",
      "A grama é verde."))),
    (("What colour is snow?", "What color is snow?"),
     (("¿De qué color es la nieve?", "La nieve es blanca."), ("De quelle couleur est la neige ?",
      "La neige est blanche."), ("Welche Farbe hat Schnee?", "Schnee ist weiß."), ("De que cor é a neve?",
      "A neve é branca."))),
    (("How many days are in a week?", "How many days does a week have?"),
     (("¿Cuántos días tiene una semana?", "Una semana tiene siete días."),
      ("Combien de jours y a-t-il dans une semaine ?", "Une semaine a sept jours."),
      ("Wie viele Tage hat eine Woche?", "Eine Woche hat sieben Tage."), ("Quantos dias tem uma semana?",
       "Uma semana tem sete dias."))),
    (("How many months are in a year?", "How many months does a year have?"),
     (("¿Cuántos meses tiene un año?", "Un año tiene doce meses."), ("Combien de mois y a-t-il dans une année ?",
      "Une année a douze mois."),
      ("Wie viele Monate hat ein Jahr?", "Ein Jahr hat zwölf Monate."), ("Quantos meses tem um ano?",
       "Um ano tem doze meses."))),
    (("How many minutes are in an hour?", "How many minutes does an hour have?"),
     (("¿Cuántos minutos tiene una hora?", "Una hora tiene sesenta minutos."),
      ("Combien de minutes y a-t-il dans une heure ?", "Une heure a soixante minutes."),
      ("Wie viele Minuten hat eine Stunde?", "Eine Stunde hat sechzig Minuten."), ("Quantos minutos tem uma hora?",
       "Uma hora tem sessenta minutos."))),
    (("How many legs does a spider have?", "How many legs has a spider?"),
     (("¿Cuántas patas tiene una araña?", "Una araña tiene ocho patas."), ("Combien de pattes a une araignée ?",
      "Une araignée a huit pattes."),
      ("Wie viele Beine hat eine Spinne?", "Eine Spinne hat acht Beine."), ("Quantas patas tem uma aranha?",
       "Uma aranha tem oito patas."))),
    (("What day comes after Monday?", "Which day follows Monday?"),
     (("¿Qué día viene después del lunes?", "Después del lunes viene el martes."), ("Quel jour vient après lundi ?",
      "Après lundi vient mardi."),
      ("Welcher Tag kommt nach Montag?", "Nach Montag kommt Dienstag."), ("Que dia vem depois de segunda-feira?",
       "Depois de segunda-feira vem terça-feira."))),
    (("Who wrote Don Quixote?",),
     (("¿Quién escribió Don Quijote?", "Miguel de Cervantes escribió Don Quijote."), ("Qui a écrit Don Quichotte ?",
      "Miguel de Cervantes a écrit Don Quichotte."),
      ("Wer schrieb Don Quijote?", "Miguel de Cervantes schrieb Don Quijote."), ("Quem escreveu Dom Quixote?",
       "Miguel de Cervantes escreveu Dom Quixote."))),
    (("Who wrote Hamlet?",),
     (("¿Quién escribió Hamlet?", "William Shakespeare escribió Hamlet."), ("Qui a écrit Hamlet ?",
      "William Shakespeare a écrit Hamlet."),
      ("Wer schrieb Hamlet?", "William Shakespeare schrieb Hamlet."), ("Quem escreveu Hamlet?",
       "William Shakespeare escreveu Hamlet."))),
    (("Where do potatoes come from?", "Where are potatoes from?"),
     (("¿De dónde vienen las patatas?", "Las patatas vienen de los Andes."), ("D'où viennent les pommes de terre ?",
      "Les pommes de terre viennent des Andes."),
      ("Woher kommen Kartoffeln?", "Kartoffeln kommen aus den Anden."), ("De onde vêm as batatas?",
       "As batatas vêm dos Andes."))),
    (("Where is Machu Picchu?", "In which country is Machu Picchu?"),
     (("¿Dónde está Machu Picchu?", "Machu Picchu está en Perú."), ("Où se trouve Machu Picchu ?",
      "Machu Picchu se trouve au Pérou."),
      ("Wo liegt Machu Picchu?", "Machu Picchu liegt in Peru."), ("Onde fica Machu Picchu?",
       "Machu Picchu fica no Peru."))),
    (("Where is the Eiffel Tower?",),
     (("¿Dónde está la Torre Eiffel?", "La Torre Eiffel está en París."), ("Où se trouve la tour Eiffel ?",
      "La tour Eiffel se trouve à Paris."),
      ("Wo steht der Eiffelturm?", "Der Eiffelturm steht in Paris."), ("Onde fica a Torre Eiffel?",
       "A Torre Eiffel fica em Paris."))),
    (("Are you human?", "Are you a person?", "Are you a robot?"),
     (("¿Eres humano?", "No, soy un pequeño programa."), ("Es-tu humain ?", "Non, je suis un petit programme."),
      ("Bist du ein Mensch?", "Nein, ich bin ein kleines Programm."), ("Você é humano?",
      "Não, eu sou um pequeno programa."))),
    (("What can you do?", "Can you help me?", "How can you help me?"),
     (("¿Qué puedes hacer?", "Puedo charlar y contestar preguntas sencillas."), ("Que peux-tu faire ?",
      "Je peux bavarder et répondre à des questions simples."),
      ("Was kannst du?", "Ich kann plaudern und einfache Fragen beantworten."), ("O que você pode fazer?",
       "Posso conversar e responder perguntas simples."))),
    (("I am sad.", "I feel sad."),
     (("Estoy triste.", "Lo siento mucho. ¿Qué ha pasado?"), ("Je suis triste.",
      "J'en suis désolé. Que s'est-il passé ?"), ("Ich bin traurig.", "Das tut mir leid. Was ist passiert?"),
      ("Estou triste.", "Sinto muito. O que aconteceu?"))),
    (("I am happy.", "I am so happy!"),
     (("Estoy feliz.", "¡Qué bien! Me alegro."), ("Je suis heureux.", "C'est bien ! Je m'en réjouis."),
      ("Ich bin glücklich.", "Wie schön! Das freut mich."), ("Estou feliz.", "Que bom! Fico contente."))),
    (("What will the weather be tomorrow?", "What is the weather like today?", "What time is it?"),
     (("¿Qué tiempo hace hoy?", "No lo sé. Solo conozco lo que aprendí."), ("Quel temps fait-il aujourd'hui ?",
      "Je ne sais pas. Je ne connais que ce que j'ai appris."),
      ("Wie ist das Wetter heute?", "Das weiß ich nicht. Ich kenne nur, was ich gelernt habe."),
       ("Como está o tempo hoje?", "Não sei. Só conheço o que aprendi."))),
    (("Do you speak {x}?", "Can you speak {x}?"),
     (("¿Hablas español?", "Sí, hablo un poco de español."), ("Parles-tu français ?",
      "Oui, je parle un peu français."), ("Sprichst du Deutsch?", "Ja, ich spreche ein wenig Deutsch."),
      ("Você fala português?", "Sim, falo um pouco de português."))),
)  # fmt: skip

# English country | then country and capital in each language
CAPITALS = """
France | Francia, París | la France, Paris | Frankreich, Paris | da França, Paris
Germany | Alemania, Berlín | l'Allemagne, Berlin | Deutschland, Berlin | da Alemanha, Berlim
Spain | España, Madrid | l'Espagne, Madrid | Spanien, Madrid | da Espanha, Madri
Italy | Italia, Roma | l'Italie, Rome | Italien, Rom | da Itália, Roma
Portugal | Portugal, Lisboa | le Portugal, Lisbonne | Portugal, Lissabon | de Portugal, Lisboa
Greece | Grecia, Atenas | la Grèce, Athènes | Griechenland, Athen | da Grécia, Atenas
Austria | Austria, Viena | l'Autriche, Vienne | Österreich, Wien | da Áustria, Viena
Belgium | Bélgica, Bruselas | la Belgique, Bruxelles | Belgien, Brüssel | da Bélgica, Bruxelas
Poland | Polonia, Varsovia | la Pologne, Varsovie | Polen, Warschau | da Polônia, Varsóvia
Sweden | Suecia, Estocolmo | la Suède, Stockholm | Schweden, Stockholm | da Suécia, Estocolmo
Norway | Noruega, Oslo | la Norvège, Oslo | Norwegen, Oslo | da Noruega, Oslo
Denmark | Dinamarca, Copenhague | le Danemark, Copenhague | Dänemark, Kopenhagen | da Dinamarca, Copenhague
Hungary | Hungría, Budapest | la Hongrie, Budapest | Ungarn, Budapest | da Hungria, Budapeste
Ireland | Irlanda, Dublín | l'Irlande, Dublin | Irland, Dublin | da Irlanda, Dublin
Russia | Rusia, Moscú | la Russie, Moscou | Russland, Moskau | da Rússia, Moscou
Turkey | Turquía, Ankara | la Turquie, Ankara | der Türkei, Ankara | da Turquia, Ancara
Egypt | Egipto, El Cairo | l'Égypte, Le Caire | Ägypten, Kairo | do Egito, Cairo
Kenya | Kenia, Nairobi | le Kenya, Nairobi | Kenia, Nairobi | do Quênia, Nairóbi
Japan | Japón, Tokio | le Japon, Tokyo | Japan, Tokio | do Japão, Tóquio
China | China, Pekín | la Chine, Pékin | China, Peking | da China, Pequim
India | India, Nueva Delhi | l'Inde, New Delhi | Indien, Neu-Delhi | da Índia, Nova Délhi
Canada | Canadá, Ottawa | le Canada, Ottawa | Kanada, Ottawa | do Canadá, Ottawa
Mexico | México, Ciudad de México | le Mexique, Mexico | Mexiko, Mexiko-Stadt | do México, Cidade do México
Brazil | Brasil, Brasilia | le Brésil, Brasilia | Brasilien, Brasília | do Brasil, Brasília
Argentina | Argentina, Buenos Aires | l'Argentine, Buenos Aires | Argentinien, Buenos Aires | da Argentina, Buenos Aires
Chile | Chile, Santiago | le Chili, Santiago | Chile, Santiago | do Chile, Santiago
Peru | Perú, Lima | le Pérou, Lima | Peru, Lima | do Peru, Lima
Ecuador | Ecuador, Quito | l'Équateur, Quito | Ecuador, Quito | do Equador, Quito
Colombia | Colombia, Bogotá | la Colombie, Bogota | Kolumbien, Bogotá | da Colômbia, Bogotá
Venezuela | Venezuela, Caracas | le Venezuela, Caracas | Venezuela, Caracas | da Venezuela, Caracas
Uruguay | Uruguay, Montevideo | l'Uruguay, Montevideo | Uruguay, Montevideo | do Uruguai, Montevidéu
Cuba | Cuba, La Habana | Cuba, La Havane | Kuba, Havanna | de Cuba, Havana
Australia | Australia, Canberra | l'Australie, Canberra | Australien, Canberra | da Austrália, Camberra
"""

CAPITAL_QUESTIONS = ("What is the capital of {x}?", "What's the capital of {x}?", "Tell me the capital of {x}.",
    "Capital of {x}?", "Which city is the capital of {x}?")
FOREIGN_CAPITALS = (
    ("¿Cuál es la capital de {x}?", "La capital de {x} es {y}."),
    ("Quelle est la capitale {x} ?", "La capitale {x} est {y}."),
    ("Was ist die Hauptstadt von {x}?", "Die Hauptstadt von {x} ist {y}."),
    ("Qual é a capital {x}?", "A capital {x} é {y}."),
)
