namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>How large a configured model is, without building it.</summary>
public static class ModelSize
{
    /// <summary>Number of parameters: 153,440,512 for <see cref="ModelConfig.Base"/>.</summary>
    public static long Parameters(ModelConfig config)
    {
        var text = config.TextConfig;
        long dim = text.Dim, ffn = text.HiddenDim, d = config.ProjectionDim;
        var textLayer = 4 * Linear(dim, dim) + Linear(dim, ffn) + Linear(ffn, dim) + 4 * dim;
        var textModel = (text.VocabSize + text.MaxPositionEmbeddings + 2L) * dim + text.NLayers * textLayer;

        var video = config.ObjectConfig;
        long width = video.EmbedDim, mlp = width * video.MlpRatio;
        var attention = Linear(width, 3 * width) + Linear(width, width);
        var block = attention * (video.HasTimeAttention ? 2 : 1) + Linear(width, mlp) + Linear(mlp, width) + 6 * width;
        var objectModel = width * (1 + video.ObjectNum + 1 + video.NumFrames + 2) + video.Depth * block
            + Linear(video.FeatureDim, width) + Linear(ObjectTransformerConfig.PositionDim, width) + width * d;

        long h = config.HeadDim ?? config.ProjectionDim;
        var head = config.Task == ModelTasks.QuestionAnswering ? 4 * (Linear(d, h) + 1) + Linear(h, 1) + 1 + Linear(h, 2 * h) + Linear(2 * h, config.NumLabels) : 0;
        return textModel + objectModel + Linear(dim, d) + head;
    }

    private static long Linear(long inputs, long outputs) => (inputs + 1) * outputs;
}
