namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>How large a configured model is, without building it.</summary>
public static class ModelSize
{
    /// <summary>Number of parameters: 153,440,512 for <see cref="ModelConfig.Base"/>.</summary>
    public static long Parameters(ModelConfig config)
    {
        long dim = config.TextConfig.Dim, d = config.ProjectionDim;
        var textModel = Text(config.TextConfig);

        var video = config.ObjectConfig;
        long width = video.EmbedDim;
        var time = video.Depth * ((video.HasTimeAttention ? Attention(width) : 0) + 2 * width);
        var objectModel = VisionTransformer(video) + time + width * (video.ObjectNum + 1 + video.NumFrames)
            + Linear(video.FeatureDim, width) + Linear(ObjectTransformerConfig.PositionDim, width) + width * d;

        long h = config.HeadDim ?? config.ProjectionDim;
        var head = config.Task == ModelTasks.QuestionAnswering ? 4 * (Linear(d, h) + 1) + Linear(h, 1) + 1 + Linear(h, 2 * h) + Linear(2 * h, config.NumLabels) : 0;
        return textModel + objectModel + Linear(dim, d) + head;
    }

    /// <summary>Parameters of the text encoder: 66,362,880 for distilbert-base-uncased.</summary>
    internal static long Text(TextEncoderConfig text)
    {
        long dim = text.Dim, ffn = text.HiddenDim;
        var layer = 4 * Linear(dim, dim) + Linear(dim, ffn) + Linear(ffn, dim) + 4 * dim;
        return (text.VocabSize + text.MaxPositionEmbeddings + 2L) * dim + text.NLayers * layer;
    }

    /// <summary>Parameters of the video encoder that a vision transformer's file holds: [CLS], blocks and the last norm.</summary>
    internal static long VisionTransformer(ObjectTransformerConfig video)
    {
        long width = video.EmbedDim, mlp = width * video.MlpRatio;
        return 3 * width + video.Depth * (Attention(width) + Linear(width, mlp) + Linear(mlp, width) + 4 * width);
    }

    private static long Attention(long width) => Linear(width, 3 * width) + Linear(width, width);

    private static long Linear(long inputs, long outputs) => (inputs + 1) * outputs;
}
