using System.Security.Cryptography;
using System.Text;

namespace DemoVlp.MovingShapes;

/// <summary>The part of a data set.</summary>
public enum Split { Train, Val, Test }

/// <summary>
/// Moving Shapes: clips of moving shapes whose truth is known. A seed gives the same scenes for ever, and more of them are always a
/// continuation of fewer.
/// </summary>
/// <remarks>
/// What a scene shows (<see cref="Scene.Signature"/>) decides by its hash which split it may belong to: eight tenths of all signatures are for
/// training, one for validation, one for the test. So the splits have no scene in common, whatever their seeds and sizes. Within a split
/// no signature comes twice: every description of all objects fits one clip.
/// </remarks>
public sealed class MovingShapesSet(ulong seed, Vocabulary vocabulary)
{
    /// <summary>The standard shapes and colours.</summary>
    public MovingShapesSet(ulong seed) : this(seed, Vocabulary.Standard)
    {
    }

    /// <summary>The scenes of a split one after the other, without end.</summary>
    public IEnumerable<Scene> Scenes(Split split)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var attempt = 0UL; ; attempt++)
        {
            var random = new SeededRandom(seed, (ulong)split, attempt);
            var traits = SceneSampler.Traits(vocabulary, random);
            var signature = Scene.SignatureOf(traits);
            if (SplitOf(signature) != split || seen.Contains(signature)) continue;
            if (SceneSampler.Place($"{Vocabulary.Name(split)}{seen.Count}", traits, random) is not { } scene) continue;
            seen.Add(signature);
            yield return scene;
        }
    }

    /// <summary>The only split that scenes of a signature belong to.</summary>
    public static Split SplitOf(string signature) => (SHA256.HashData(Encoding.UTF8.GetBytes(signature))[0] * 10 / 256) switch
    {
        8 => Split.Val,
        9 => Split.Test,
        _ => Split.Train,
    };
}
