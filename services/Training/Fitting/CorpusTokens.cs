using DemoVlp.Modeling;
using DemoVlp.Modeling.Serialization;

namespace DemoVlp.Training.Fitting;

/// <summary>Word pieces of a corpus, as TextTokenization wrote them: <c>ids</c> [total] int32, <c>offsets</c> [texts + 1] int64.</summary>
internal sealed class CorpusTokens
{
    private readonly int[] ids;
    private readonly long[] offsets;

    private CorpusTokens(int[] ids, long[] offsets) => (this.ids, this.offsets) = (ids, offsets);

    /// <summary>Reads the file's bytes and checks them.</summary>
    /// <exception cref="ModelFormatException"><c>tokens-invalid</c> or a code of the safetensors reader.</exception>
    public static CorpusTokens Read(byte[] file, int texts)
    {
        using var stream = new MemoryStream(file);
        var tensors = SafetensorsFile.Read(stream);
        var (ids, offsets) = (tensors.GetArray<int>("ids"), tensors.GetArray<long>("offsets"));
        if (offsets.Length != texts + 1) throw Invalid($"it has {offsets.Length - 1} texts instead of {texts}");
        if (offsets[0] != 0 || offsets[^1] != ids.Length) throw Invalid("its offsets do not span its ids");
        for (var i = 0; i < texts; i++)
            if (offsets[i + 1] < offsets[i] + 2) throw Invalid($"text {i + 1} lacks [CLS] and [SEP]");
        return new CorpusTokens(ids, offsets);
    }

    /// <summary>Tokens of the longest text.</summary>
    public int Longest => offsets.Zip(offsets.Skip(1), (from, to) => (int)(to - from)).DefaultIfEmpty().Max();

    /// <summary>The ids of a text, [CLS] first and [SEP] last.</summary>
    public IReadOnlyList<int> this[int text] => new ArraySegment<int>(ids, (int)offsets[text], (int)(offsets[text + 1] - offsets[text]));

    private static ModelFormatException Invalid(string what) => new("tokens-invalid", $"The captions' word pieces cannot be used: {what}.");
}
