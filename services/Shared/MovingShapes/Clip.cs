namespace DemoVlp.MovingShapes;

/// <summary>A scene with everything that is said and asked about it.</summary>
/// <param name="Scene">The scene.</param>
/// <param name="Split">Its split.</param>
/// <param name="Captions">At least five, different; the first names every object with all its traits.</param>
/// <param name="Questions">With answers.</param>
/// <param name="Choices">Multiple choice: one, or in what is learnt from several.</param>
public sealed record Clip(Scene Scene, Split Split, IReadOnlyList<string> Captions, IReadOnlyList<Question> Questions, IReadOnlyList<Choice> Choices)
{
    private const int CaptionsPerClip = 6, QuestionsPerKind = 2;

    // Words are cheap, a clip's regions are not: what is learnt from says more of each clip.
    private const int CaptionsToLearnFrom = 10, QuestionsPerKindToLearnFrom = 8, ChoicesToLearnFrom = 8;

    /// <summary>The clips of a split one after the other, without end; see <see cref="MovingShapesSet"/>.</summary>
    public static IEnumerable<Clip> Of(ulong seed, Vocabulary vocabulary, Split split) => new MovingShapesSet(seed, vocabulary).Scenes(split).Select((scene, i) =>
    {
        var words = new SeededRandom(seed, (ulong)split, (ulong)i, 0x3D).Bits();
        var (captions, questions, choices) = split == Split.Train ? (CaptionsToLearnFrom, QuestionsPerKindToLearnFrom, ChoicesToLearnFrom) : (CaptionsPerClip, QuestionsPerKind, 1);
        return new Clip(scene, split, MovingShapes.Captions.Of(scene, captions, words), MovingShapes.Questions.Of(scene, questions, words),
            MovingShapes.Choices.Of(scene, choices, vocabulary, words));
    });
}
