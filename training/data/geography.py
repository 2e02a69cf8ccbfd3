"""Records of the Earth and where famous places are."""

RECORDS = {
    "the longest river in South America": "the Amazon", "the longest river in Africa": "the Nile", "the longest river in Europe": "the Volga",
    "the longest river in Asia": "the Yangtze", "the highest mountain in the world": "Mount Everest",
    "the highest mountain in South America": "Aconcagua", "the highest mountain in Africa": "Kilimanjaro",
    "the highest mountain in North America": "Denali", "the highest mountain in Japan": "Mount Fuji", "the highest mountain in the Alps": "Mont Blanc",
    "the highest mountain in Peru": "Huascarán", "the largest ocean": "the Pacific Ocean", "the smallest ocean": "the Arctic Ocean",
    "the largest continent": "Asia", "the smallest continent": "Australia", "the coldest continent": "Antarctica",
    "the largest country in the world": "Russia", "the smallest country in the world": "Vatican City",
    "the largest country in South America": "Brazil", "the largest country in Africa": "Algeria",
    "the largest hot desert": "the Sahara", "the driest desert outside the polar regions": "the Atacama Desert in Chile", "the largest island": "Greenland",
    "the largest rainforest": "the Amazon rainforest", "the deepest lake": "Lake Baikal in Russia", "the largest lake in South America": "Lake Titicaca",
    "the highest waterfall": "Angel Falls in Venezuela", "the longest mountain range on land": "the Andes",
    "the longest wall in the world": "the Great Wall of China", "the deepest place in the ocean": "the Mariana Trench",
    "the highest capital city": "Quito, or La Paz if you count the seat of government",
    "the largest coral reef": "the Great Barrier Reef in Australia", "the highest active volcano": "Ojos del Salado in the Andes",
    "the largest sea mammal": "the blue whale", "the fastest thing in the universe": "light",
    "the hardest natural material": "diamond", "the lightest element": "hydrogen", "the largest organ of the human body": "the skin",
    "the longest bone in the human body": "the thigh bone", "the tallest grass": "bamboo", "the longest river": "the Nile, though some say the Amazon",
    "the tallest building in the world": "the Burj Khalifa in Dubai", "the longest river in North America": "the Missouri", "the most spoken native language": "Mandarin Chinese",
    "the tallest kind of tree": "the coast redwood", "the largest salt flat": "the Salar de Uyuni in Bolivia",
    "the largest city in Peru": "Lima", "the largest city in Brazil": "São Paulo", "the largest city in Australia": "Sydney",
    "the largest city in Canada": "Toronto", "the largest city in Turkey": "Istanbul", "the largest city in Switzerland": "Zurich",
}  # fmt: skip

PLACES = {
    "the Eiffel Tower": "in Paris, France", "the Colosseum": "in Rome, Italy", "the Great Wall": "in China", "the Taj Mahal": "in Agra, India",
    "the Statue of Liberty": "in New York, United States", "Big Ben": "in London, United Kingdom", "the Pyramids of Giza": "near Cairo, Egypt",
    "the Acropolis": "in Athens, Greece", "Mount Everest": "in the Himalayas, between Nepal and China", "Mount Fuji": "in Japan",
    "Kilimanjaro": "in Tanzania", "the Sahara": "in northern Africa", "the Grand Canyon": "in Arizona, United States",
    "Niagara Falls": "on the border of the United States and Canada", "the Great Barrier Reef": "off the coast of Australia",
    "the Alps": "in Europe", "the Himalayas": "in Asia", "the Rocky Mountains": "in North America", "the Amazon rainforest": "in South America",
    "the Nile": "in Africa", "Angkor Wat": "in Cambodia", "Petra": "in Jordan", "Stonehenge": "in England", "the Kremlin": "in Moscow, Russia",
    "the Brandenburg Gate": "in Berlin, Germany", "the Louvre": "in Paris, France", "the Golden Gate Bridge": "in San Francisco, United States",
    "the Sydney Opera House": "in Sydney, Australia", "the Leaning Tower": "in Pisa, Italy", "the Sagrada Familia": "in Barcelona, Spain",
    "Chichen Itza": "in Mexico", "Easter Island": "in the Pacific Ocean; it belongs to Chile", "the Galapagos Islands": "in the Pacific Ocean; they belong to Ecuador",
    "the Atacama Desert": "in northern Chile", "Patagonia": "in the south of Argentina and Chile", "Antarctica": "around the South Pole",
    "Timbuktu": "in Mali", "the Panama Canal": "in Panama", "the Suez Canal": "in Egypt", "the Gobi Desert": "in Mongolia and China",
}  # fmt: skip

CITIES = {
    "Barcelona": "Spain", "Milan": "Italy", "Venice": "Italy", "Munich": "Germany", "Hamburg": "Germany", "Lyon": "France",
    "Marseille": "France", "Manchester": "the United Kingdom", "Geneva": "Switzerland", "Zurich": "Switzerland", "Salzburg": "Austria",
    "Porto": "Portugal", "Krakow": "Poland", "Istanbul": "Turkey", "Mumbai": "India", "Shanghai": "China", "Osaka": "Japan",
    "Kyoto": "Japan", "Busan": "South Korea", "Dubai": "the United Arab Emirates", "Casablanca": "Morocco", "Lagos": "Nigeria",
    "Mombasa": "Kenya", "Sydney": "Australia", "Melbourne": "Australia", "Auckland": "New Zealand", "Toronto": "Canada",
    "Montreal": "Canada", "Vancouver": "Canada", "New York": "the United States", "Chicago": "the United States",
    "Los Angeles": "the United States", "Rio de Janeiro": "Brazil", "São Paulo": "Brazil", "Arequipa": "Peru", "Cusco": "Peru",
    "La Paz": "Bolivia", "Guayaquil": "Ecuador", "Medellín": "Colombia", "Valparaíso": "Chile", "Mendoza": "Argentina",
}  # fmt: skip
