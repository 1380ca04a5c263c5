using System.Text.Json;
using DemoVlp.MovingShapes;
using DemoVlp.Training.Data;

namespace DemoVlp.Training.Datasets;

/// <summary>What a generated data set is made with.</summary>
/// <param name="Seed">Of scenes and words.</param>
/// <param name="Clips">Clips of <c>train</c> and of <c>test</c> each.</param>
/// <param name="Vocabulary"><c>standard</c>, or <c>extended</c> by a ninth shape and a ninth colour.</param>
internal sealed record ShapesOptions(long Seed, int Clips, string Vocabulary)
{
    /// <summary>The format's name.</summary>
    public const string Format = "moving-shapes";

    public const string Standard = "standard", Extended = "extended";
    public const int FewestClips = 2, MostClips = 20_000;
    private const int FewestForValidation = 8;

    /// <summary>Its splits.</summary>
    public static IReadOnlyList<string> SplitNames { get; } = [Splits.Train, Splits.Val, Splits.Test];

    /// <summary>The options of a row.</summary>
    public static ShapesOptions Of(DatasetRow row) => JsonSerializer.Deserialize<ShapesOptions>(row.Options, JsonSerializerOptions.Web)!;

    /// <summary>Shapes and colours.</summary>
    public Vocabulary Words() => Vocabulary == Extended ? MovingShapes.Vocabulary.Extended : MovingShapes.Vocabulary.Standard;

    /// <summary>Clips of a split; a tenth of the others' is enough to choose a model by.</summary>
    public int CountOf(string split) => split == Splits.Val ? Math.Min(Clips, Math.Max(FewestForValidation, Clips / 10)) : Clips;
}
