using System.Text.Json;
using System.Text.Json.Serialization;

namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>What a model answers: which videos fit a text, or which answer fits a question.</summary>
public static class ModelTasks
{
    /// <summary>Text to video and video to text (paper section 3.3); also scores multiple choice.</summary>
    public const string Retrieval = "retrieval";

    /// <summary>One of a closed list of answers to a question about a video.</summary>
    public const string QuestionAnswering = "question-answering";
}

/// <summary>How padded words and regions take part in similarities and in the QA head.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PaddingRule>))]
public enum PaddingRule
{
    /// <summary>Padding is left out of norms, thresholds, means and maxima: a score does not depend on how far its input was padded.</summary>
    [JsonStringEnumMemberName("masked")]
    Masked,

    /// <summary>As in the published code: texts are padded to <see cref="ModelConfig.MaxTextLength"/>, and padding takes part except as attention context.</summary>
    [JsonStringEnumMemberName("reference")]
    Reference,
}

/// <summary>Which attention weights of the region-word alignment are kept (paper section 3.2).</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FocalType>))]
public enum FocalType
{
    /// <summary>Only weights above the average of their row.</summary>
    [JsonStringEnumMemberName("equal")]
    Equal,

    /// <summary>All weights.</summary>
    [JsonStringEnumMemberName("prob")]
    Prob,
}

/// <summary>The architecture of a model: the content of its <c>config.json</c> (snake_case, as on Hugging Face).</summary>
public sealed record ModelConfig
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Always <c>demovlp</c>.</summary>
    public string ModelType { get; init; } = "demovlp";

    /// <summary>One of <see cref="ModelTasks"/>.</summary>
    public string Task { get; init; } = ModelTasks.Retrieval;

    /// <summary>The text encoder.</summary>
    public TextEncoderConfig TextConfig { get; init; } = new();

    /// <summary>The video encoder.</summary>
    public ObjectTransformerConfig ObjectConfig { get; init; } = new();

    /// <summary>d: width of the common embedding space.</summary>
    public int ProjectionDim { get; init; } = 256;

    /// <summary>Width of the QA head where it is not <see cref="ProjectionDim"/>, as it is in all published models.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? HeadDim { get; init; }

    /// <summary>Answers the QA head chooses from; 0 for retrieval.</summary>
    public int NumLabels { get; init; }

    /// <summary>Tokens a text is cut to; under <see cref="PaddingRule.Reference"/> also what it is padded to.</summary>
    public int MaxTextLength { get; init; } = 100;

    /// <summary>Part of padding in similarities. A checkpoint of the published code needs <see cref="PaddingRule.Reference"/>.</summary>
    public PaddingRule Padding { get; init; } = PaddingRule.Masked;

    /// <summary>Filter of the alignment's attention; "equal" in all configurations of the paper.</summary>
    public FocalType FocalType { get; init; } = FocalType.Equal;

    /// <summary>Inverse temperature of the alignment's attention and of <see cref="RWALoss"/>.</summary>
    public double LambdaSoftmax { get; init; } = 20;

    /// <summary>Temperature of <see cref="NormSoftmaxLoss"/>.</summary>
    public double Temperature { get; init; } = 0.05;

    /// <summary>The paper's retrieval model: DistilBERT-base, 12 blocks of ViT-B size, 8 frames of 30 regions (153,440,512 parameters).</summary>
    public static ModelConfig Base { get; } = new();

    /// <summary>A model that trains in minutes on a CPU: width 128, 4 heads, 3 text layers, 3 blocks, d = 128.</summary>
    /// <param name="vocabularySize">Entries of the vocabulary.</param>
    /// <param name="featureDim">Width of a region feature, e.g. 2048.</param>
    /// <param name="numFrames">F, frames per video.</param>
    /// <param name="objectNum">N, regions per frame.</param>
    /// <param name="answers">Answers of a QA model; 0 makes a retrieval model.</param>
    /// <param name="timeAttention">Adds attention between the frames, and puts regions in the order of their tracks.</param>
    public static ModelConfig Tiny(int vocabularySize, int featureDim, int numFrames = 8, int objectNum = 20, int answers = 0, bool timeAttention = false) => new()
    {
        Task = answers > 0 ? ModelTasks.QuestionAnswering : ModelTasks.Retrieval,
        NumLabels = answers,
        ProjectionDim = 128,
        MaxTextLength = 48,
        TextConfig = new() { VocabSize = vocabularySize, MaxPositionEmbeddings = 64, Dim = 128, NLayers = 3, NHeads = 4, HiddenDim = 256, Dropout = 0, AttentionDropout = 0 },
        ObjectConfig = new()
        {
            FeatureDim = featureDim, EmbedDim = 128, Depth = 3, NumHeads = 4, MlpRatio = 2,
            NumFrames = numFrames, ObjectNum = objectNum, TimeModule = timeAttention ? ObjectTransformerConfig.TimeAttention : "",
            RegionOrder = timeAttention ? ObjectTransformerConfig.Tracks : null,
        },
    };

    /// <summary>The same model for questions with the given number of answers.</summary>
    public ModelConfig ForQuestionAnswering(int answers) => this with { Task = ModelTasks.QuestionAnswering, NumLabels = answers };

    /// <summary>The same encoders for retrieval.</summary>
    public ModelConfig ForRetrieval() => this with { Task = ModelTasks.Retrieval, NumLabels = 0, HeadDim = null };

    /// <summary>Reads <c>config.json</c>.</summary>
    /// <exception cref="ModelFormatException"><c>config-invalid</c>: it is no valid configuration of this model.</exception>
    public static ModelConfig Parse(string json)
    {
        try
        {
            var config = JsonSerializer.Deserialize<ModelConfig>(json, Json) ?? throw Invalid("it is empty.");
            config.Validate();
            return config;
        }
        catch (JsonException e)
        {
            throw Invalid(e.Message, e);
        }
    }

    /// <summary>The content of <c>config.json</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json) + "\n";

    /// <summary>Checks that a model can be built, within sizes that a file from outside may ask for.</summary>
    /// <exception cref="ModelFormatException"><c>config-invalid</c>.</exception>
    public void Validate()
    {
        Check(ModelType == "demovlp", "model_type must be \"demovlp\".");
        Check(TextConfig is not null && ObjectConfig is not null, "text_config and object_config must be objects.");
        Check(Task is ModelTasks.Retrieval or ModelTasks.QuestionAnswering, $"task must be \"{ModelTasks.Retrieval}\" or \"{ModelTasks.QuestionAnswering}\".");
        Check(Task == ModelTasks.Retrieval || NumLabels is > 0 and <= 1_000_000, "num_labels must be between 1 and 1000000 for question answering.");
        Check(Enum.IsDefined(Padding) && Enum.IsDefined(FocalType), "padding or focal_type is unknown.");
        Check(ProjectionDim is > 0 and <= 8192, "projection_dim must be between 1 and 8192.");
        Check(HeadDim is null or (> 0 and <= 8192), "head_dim must be between 1 and 8192.");
        Check(LambdaSoftmax is > 0 and <= 1000 && Temperature is > 0 and <= 1000, "lambda_softmax and temperature must be positive.");
        Check(MaxTextLength >= 2 && MaxTextLength <= TextConfig!.MaxPositionEmbeddings, "max_text_length must lie between 2 and max_position_embeddings.");
        var text = TextConfig!;
        Check(text.VocabSize is > 0 and <= 1_000_000 && text.MaxPositionEmbeddings is > 0 and <= 8192, "vocab_size or max_position_embeddings is out of range.");
        Check(text.PadTokenId >= 0 && text.PadTokenId < text.VocabSize, "pad_token_id must be a token of the vocabulary.");
        Check(text.NLayers is > 0 and <= 64 && text.HiddenDim is > 0 and <= 32768, "n_layers or hidden_dim is out of range.");
        Check(text.Dim is > 0 and <= 8192 && text.NHeads > 0 && text.Dim % text.NHeads == 0, "dim must be a multiple of n_heads, at most 8192.");
        Check(text.Dropout is >= 0 and < 1 && text.AttentionDropout is >= 0 and < 1, "dropout rates must lie between 0 and 1.");
        var video = ObjectConfig!;
        Check(video.FeatureDim is > 0 and <= 65536 && video.Depth is > 0 and <= 64 && video.MlpRatio is > 0 and <= 16, "feature_dim, depth or mlp_ratio is out of range.");
        Check(video.EmbedDim is > 0 and <= 8192 && video.NumHeads > 0 && video.EmbedDim % video.NumHeads == 0, "embed_dim must be a multiple of num_heads, at most 8192.");
        Check(video.NumFrames is > 0 and <= 1024 && video.ObjectNum is > 0 and <= 1024, "num_frames and object_num must be between 1 and 1024.");
        Check(video.RegionOrder is null or ObjectTransformerConfig.Tracks, $"region_order must be \"{ObjectTransformerConfig.Tracks}\" or left out.");
        Check(video.TimeModule is "" or null or ObjectTransformerConfig.TimeAttention, $"time_module must be \"\" or \"{ObjectTransformerConfig.TimeAttention}\".");
    }

    private static void Check(bool holds, string message)
    {
        if (!holds) throw Invalid(message);
    }

    private static ModelFormatException Invalid(string message, Exception? inner = null) => new("config-invalid", $"config.json cannot be used: {message}", inner);
}
