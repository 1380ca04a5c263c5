namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>Sizes of the DistilBERT text encoder; defaults are those of distilbert-base-uncased.</summary>
public sealed record TextEncoderConfig
{
    /// <summary>Entries of the vocabulary.</summary>
    public int VocabSize { get; init; } = 30522;

    /// <summary>Learned positions: no text is longer than this.</summary>
    public int MaxPositionEmbeddings { get; init; } = 512;

    /// <summary>Width of the hidden states.</summary>
    public int Dim { get; init; } = 768;

    /// <summary>Transformer layers.</summary>
    public int NLayers { get; init; } = 6;

    /// <summary>Attention heads.</summary>
    public int NHeads { get; init; } = 12;

    /// <summary>Width of the feed-forward layers.</summary>
    public int HiddenDim { get; init; } = 3072;

    /// <summary>Dropout of hidden states while training.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Dropout of attention weights while training.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>Token that fills texts up; its embedding receives no gradient.</summary>
    public int PadTokenId { get; init; }
}
